import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dictionary, list, number, oneOf, optional, orElse, text, texts } from "../json-fields.ts";
import type { PodRequest } from "../options/requests/pod-request.ts";
import { EXIT_POLICIES } from "../options/values/exit-policy.ts";
import { SHARED_KINDS } from "../options/values/share.ts";
import type { Scope } from "../scope.ts";
import { isErrno } from "../system/error.ts";
import { listIfThere } from "../system/files.ts";
import { isAlive, type ProcessIdentity } from "../system/process-identity.ts";
import { StateError } from "./error.ts";
import { idleMaker } from "./idle-maker.ts";
import { type PinnedNamespaces, pinnedNamespaces } from "./namespace-pins.ts";
import { podsDir } from "./paths.ts";
import {
  readRecordFile,
  readRecordIfSound,
  recordFormat,
  reportUnread,
  type Survey,
  survey,
  writeRecordFile,
} from "./record-format.ts";
import {
  hostEntry,
  mountRequest,
  networkRequest,
  portMapping,
  processIdentity,
  userNamespaceRequest,
} from "./request-fields.ts";

/** A pod's record, as long as its unit is active: what its containers share, and what its removal has to undo. */
export interface PodRecord extends Omit<PodRequest, "replace"> {
  /** systemd's invocation ID of the unit: 32 hexadecimal digits. */
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
  /** The process that creates it. */
  readonly maker: ProcessIdentity;
  /** `UID:GID` that its user namespace is made for: the default user of its containers. */
  readonly user?: string;
  /** Its addresses, by network. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Absent while the pod is being created. */
  readonly namespaces?: PinnedNamespaces;
  /** The first process of the shared PID namespace, which ends with it. */
  readonly init?: ProcessIdentity;
  /** The pasta process that connects a user's pod, or its ports, to the host's network. */
  readonly pasta?: ProcessIdentity;
}

const FORMAT = recordFormat<PodRecord>(
  { noun: "pod", verb: "started", remedy: "restart its service" },
  {
    id: text,
    name: text,
    unit: text,
    exitPolicy: orElse(oneOf(...EXIT_POLICIES), "continue"),
    hostname: text,
    labels: orElse(dictionary(text), {}),
    userNamespace: userNamespaceRequest,
    network: networkRequest,
    ports: orElse(list(portMapping), []),
    addHosts: orElse(list(hostEntry), []),
    dns: orElse(texts, []),
    dnsOptions: orElse(texts, []),
    dnsSearch: orElse(texts, []),
    shmSize: number,
    mounts: orElse(list(mountRequest), []),
    shared: list(oneOf(...SHARED_KINDS)),
    created: text,
    maker: processIdentity,
    user: optional(text),
    addresses: orElse(dictionary(texts), {}),
    namespaces: optional(pinnedNamespaces),
    init: optional(processIdentity),
    pasta: optional(processIdentity),
  },
);

const RECORD = "pod.json";

/** The files of one pod, in the scope's runtime directory; they do not survive a reboot. */
export interface PodPaths {
  readonly directory: string;
  readonly record: string;
  /** /etc/hosts, /etc/hostname and /etc/resolv.conf of all its containers; the last may be absent (`--dns none`). */
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  /** The mount of the network namespace, which only pasta sees. */
  readonly networkNamespace: string;
  /** The bundle of the shared PID namespace's first process. */
  readonly init: string;
}

export function podPaths(scope: Scope, name: string): PodPaths {
  const directory = join(podsDir(scope), name);
  return {
    directory,
    record: join(directory, RECORD),
    hosts: join(directory, "hosts"),
    hostname: join(directory, "hostname"),
    resolvConf: join(directory, "resolv.conf"),
    networkNamespace: join(directory, "netns"),
    init: join(directory, "init"),
  };
}

export function writePod(scope: Scope, record: PodRecord): void {
  writeRecordFile(podPaths(scope, record.name).record, FORMAT, record);
}

/** The record of a pod; undefined if there is none that can be read. Throws "newer-record". */
export function readPod(scope: Scope, name: string): PodRecord | undefined {
  return named(name, readRecordIfSound(podPaths(scope, name).record, FORMAT, name));
}

/** A pod's name is that of its folder, whatever the record says. */
function named(name: string, record: PodRecord | undefined): PodRecord | undefined {
  return record === undefined || record.name === name ? record : { ...record, name };
}

/**
 * Finds a pod by its name, its service or `.pod` file (`shop-pod.service`, `shop`), its ID or a prefix of that. Throws
 * "no-such-pod", also for a prefix of several IDs, and "corrupt-record" or "newer-record" where the word may mean a pod
 * whose record cannot be read.
 */
export function findPod(scope: Scope, word: string): PodRecord {
  const named = /^[A-Za-z0-9_.-]+$/.test(word) ? readSoundPod(scope, word) : undefined;
  if (named !== undefined) return named;
  const { records, unread } = surveyPods(scope);
  const byUnit = records.find(({ unit }) => [word, `${word}.service`, `${word}-pod.service`].includes(unit));
  if (byUnit !== undefined) return byUnit;
  const byId = word === "" ? [] : records.filter(({ id }) => id.startsWith(word));
  const [only] = byId;
  if (only !== undefined && byId.length === 1) return only;
  if (byId.length === 0) reportUnread({ unread });
  if (byId.length > 1) throw new StateError("no-such-pod", `the ID ${word} fits ${byId.length} pods`);
  const maker = idleMaker(scope, "pod", word);
  throw new StateError("no-such-pod", `no pod ${word} is running${maker === undefined ? "" : `; ${maker.remedy}`}`);
}

/** The record of a pod; undefined if there is none. Throws "corrupt-record" and "newer-record". */
export function readSoundPod(scope: Scope, name: string): PodRecord | undefined {
  return named(name, readRecordFile(podPaths(scope, name).record, FORMAT, name));
}

/** All pods with a record that can be read, and an error for each of the others. */
export function surveyPods(scope: Scope): Survey<PodRecord> {
  return survey(listPodNames(scope), (name) => readSoundPod(scope, name));
}

/** Names of all pods with a directory, with or without a record. */
export function listPodNames(scope: Scope): string[] {
  return listIfThere(podsDir(scope))
    .filter((name) => !name.startsWith("."))
    .sort();
}

/**
 * Takes a pod's name and writes its record in one step: rename(2) does not replace a directory that is not empty. False
 * if there is a pod of that name.
 */
export function claimPod(scope: Scope, record: PodRecord): boolean {
  mkdirSync(podsDir(scope), { recursive: true, mode: 0o700 });
  // The name says whose it is.
  const finished = join(podsDir(scope), `.${record.maker.pid}-${record.maker.startTime}`);
  mkdirSync(finished, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(join(finished, RECORD), FORMAT.format(record), { mode: 0o600 });
    renameSync(finished, podPaths(scope, record.name).directory);
    return true;
  } catch (error) {
    rmSync(finished, { recursive: true, force: true });
    if (isErrno(error, "EEXIST", "ENOTEMPTY")) return false;
    throw error;
  }
}

/** Removes directories of pods whose makers were killed before they had taken the name. */
export function removeUnfinished(scope: Scope): void {
  const names = listIfThere(podsDir(scope)).filter((name) => name.startsWith("."));
  for (const name of names) {
    const [, pid, startTime = ""] = /^\.(\d+)-(\d+)$/.exec(name) ?? [];
    if (!isAlive({ pid: Number(pid), startTime })) rmSync(join(podsDir(scope), name), { recursive: true, force: true });
  }
}

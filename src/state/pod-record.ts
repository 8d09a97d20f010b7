import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dictionary, list, number, oneOf, optional, orElse, text } from "../json-fields.ts";
import type { PodRequest } from "../options/requests/pod-request.ts";
import { EXIT_POLICIES } from "../options/values/exit-policy.ts";
import { SHARED_KINDS } from "../options/values/share.ts";
import type { Scope } from "../scope.ts";
import { isErrno } from "../system/error.ts";
import { listIfThere } from "../system/files.ts";
import { isAlive, type ProcessIdentity } from "../system/process-identity.ts";
import { StateError } from "./error.ts";
import { type PinnedNamespaces, pinnedNamespaces } from "./namespace-pins.ts";
import { podsDir } from "./paths.ts";
import { readRecordIfSound, recordFormat, survey, writeRecordFile } from "./record-format.ts";
import {
  hostEntry,
  mountRequest,
  networkRequest,
  portMapping,
  processIdentity,
  texts,
  userNamespaceRequest,
} from "./request-fields.ts";

/**
 * What berth remembers of a pod as long as its unit is active: what its containers get of it, and what has to be
 * undone.
 */
export interface PodRecord extends Omit<PodRequest, "replace"> {
  /** 32 hexadecimal digits: systemd's ID of this run of the unit. */
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
  /** The process that makes it. */
  readonly maker: ProcessIdentity;
  /** `UID:GID` that its user namespace is made for: whom its containers run as if they do not say. */
  readonly user?: string;
  /** What it got in each of its networks, by their names. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Absent while the pod is being made. */
  readonly namespaces?: PinnedNamespaces;
  /** The first process of the shared PID namespace, without which there is nothing left in that. */
  readonly init?: ProcessIdentity;
  /** What connects a user's pod, or its ports, to the host's network. */
  readonly pasta?: ProcessIdentity;
}

const FORMAT = recordFormat<PodRecord>(
  { noun: "pod", verb: "started" },
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

/** Where one pod's files lie: below the scope's runtime directory, gone with a reboot. */
export interface PodPaths {
  readonly directory: string;
  readonly record: string;
  /** /etc/hosts, /etc/hostname and /etc/resolv.conf of all its containers. The last is absent if theirs stay. */
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  /** Where pasta has the network namespace mounted, seen by itself alone. */
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

/** The record of a pod, or undefined if there is none that can be read. Throws "newer-record". */
export function readPod(scope: Scope, name: string): PodRecord | undefined {
  return readRecordIfSound(podPaths(scope, name).record, FORMAT, name);
}

/**
 * The pod that a word means: its name, its service or `.pod` file (`shop-pod.service`, `shop`), its ID or the beginning
 * of it. Throws "no-such-pod", also when an ID's beginning fits several, and "newer-record" where it may be one that this
 * berth cannot read.
 */
export function findPod(scope: Scope, word: string): PodRecord {
  const named = /^[A-Za-z0-9_.-]+$/.test(word) ? readPod(scope, word) : undefined;
  if (named !== undefined) return named;
  const { records, newer } = surveyPods(scope);
  const byUnit = records.find(({ unit }) => [word, `${word}.service`, `${word}-pod.service`].includes(unit));
  if (byUnit !== undefined) return byUnit;
  const byId = word === "" ? [] : records.filter(({ id }) => id.startsWith(word));
  const [only] = byId;
  if (only !== undefined && byId.length === 1) return only;
  const [unread] = newer;
  if (byId.length === 0 && unread !== undefined) throw unread;
  const problem = byId.length > 1 ? `the ID ${word} fits ${byId.length} pods` : `no pod ${word} is running`;
  throw new StateError("no-such-pod", problem);
}

/** All pods whose records can be read, and for each that a newer berth started the error that says so. */
export function surveyPods(scope: Scope): { records: PodRecord[]; newer: StateError[] } {
  return survey(listPodNames(scope), (name) => readPod(scope, name));
}

/** Names of everything that has a pod's directory. */
export function listPodNames(scope: Scope): string[] {
  return listIfThere(podsDir(scope))
    .filter((name) => !name.startsWith("."))
    .sort();
}

/**
 * Takes a pod's name, record and all, in one step: a directory that is not empty has no other put in its place
 * (rename(2)). False if there is one already.
 */
export function claimPod(scope: Scope, record: PodRecord): boolean {
  mkdirSync(podsDir(scope), { recursive: true, mode: 0o700 });
  // Whose it is, its name tells.
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

/** Removes what was to become a pod's directory, and whose maker was killed before. */
export function removeUnfinished(scope: Scope): void {
  const names = listIfThere(podsDir(scope)).filter((name) => name.startsWith("."));
  for (const name of names) {
    const [, pid, startTime = ""] = /^\.(\d+)-(\d+)$/.exec(name) ?? [];
    if (!isAlive({ pid: Number(pid), startTime })) rmSync(join(podsDir(scope), name), { recursive: true, force: true });
  }
}

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { podsDir } from "../paths.ts";
import type { PinnedNamespaces } from "../pinned-namespaces.ts";
import { isMissing, replaceFile } from "../record.ts";
import type { HostEntry, MountRequest, NetworkRequest, PortMapping } from "../run-request.ts";

/** What a pod is to be: the typed form of `berth pod create`'s command line. */
export interface PodRequest {
  readonly name: string;
  /** The systemd service that is the pod. */
  readonly unit: string;
  /** Whether the pod ends with its last container. */
  readonly exitPolicy: "stop" | "continue";
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: NetworkRequest;
  readonly ports: readonly PortMapping[];
  readonly addHosts: readonly HostEntry[];
  readonly dns: readonly string[];
  /** Bytes; 0 is unlimited. */
  readonly shmSize: number;
  /** In all containers of the pod. */
  readonly mounts: readonly MountRequest[];
  /** Which namespaces the containers share. */
  readonly shared: readonly SharedKind[];
  /** Take the place of a pod of the same name. */
  readonly replace: boolean;
}

export const SHARED_KINDS = ["ipc", "net", "uts"] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

/** What berth remembers of a pod as long as its unit is active: what its containers get of it, and what has to be undone. */
export interface PodRecord extends Omit<PodRequest, "replace"> {
  /** 32 hexadecimal digits: systemd's ID of this run of the unit. */
  readonly id: string;
  /** RFC 3339. */
  readonly created: string;
  /** What it got in each of its networks, by their names. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Absent while the pod is being made. */
  readonly namespaces?: PinnedNamespaces;
}

/** Where one pod's files lie: below the scope's runtime directory, gone with a reboot. */
export interface PodPaths {
  readonly directory: string;
  readonly record: string;
  /** /etc/hosts, /etc/hostname and /etc/resolv.conf of all its containers. The last is absent if theirs stay. */
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

export function podPaths(scope: Scope, name: string): PodPaths {
  const directory = join(podsDir(scope), name);
  return {
    directory,
    record: join(directory, "pod.json"),
    hosts: join(directory, "hosts"),
    hostname: join(directory, "hostname"),
    resolvConf: join(directory, "resolv.conf"),
  };
}

export function writePod(scope: Scope, record: PodRecord): void {
  replaceFile(podPaths(scope, record.name).record, JSON.stringify(record));
}

/** The record of a pod, or undefined if there is none that can be read. */
export function readPod(scope: Scope, name: string): PodRecord | undefined {
  try {
    return JSON.parse(readFileSync(podPaths(scope, name).record, "utf8")) as PodRecord;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The record of a pod. Throws "no-such-pod". */
export function findPod(scope: Scope, name: string): PodRecord {
  const record = /^[A-Za-z0-9_.-]+$/.test(name) ? readPod(scope, name) : undefined;
  if (record === undefined) throw new RuntimeError("no-such-pod", `no pod ${name} is running`);
  return record;
}

/** Names of everything that has a pod's directory, with or without a record. */
export function listPodNames(scope: Scope): string[] {
  try {
    return readdirSync(podsDir(scope)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Takes the name of a pod. False if there is one already. */
export function claimPod(scope: Scope, name: string): boolean {
  mkdirSync(podsDir(scope), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(podPaths(scope, name).directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

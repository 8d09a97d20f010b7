import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { Scope } from "../../../scope.ts";
import { openLockFile, withLock } from "../../../state/lock.ts";
import { isMissing } from "../../../system/error.ts";
import { listIfThere, removeIfThere, replaceFile } from "../../../system/files.ts";
import type { GivenByNetwork } from "./connected-networks.ts";
import { removeNamespaceLink } from "./namespace-link.ts";
import type { NetavarkRequest } from "./netavark-request.ts";

/**
 * What one owner (a container, a pod) has in networks: it is on disk before anything is taken or set up, and goes when
 * all has been given back. It tells who uses a network and which ports are published, and what teardown and reload have
 * to do.
 */
export interface ConnectionRecord {
  /** The container's ID, or another name that no container can have. */
  readonly owner: string;
  readonly name: string;
  readonly networks: readonly string[];
  readonly ports: readonly PortMapping[];
  /** What netavark is given; undefined while addresses are being taken. */
  readonly request: NetavarkRequest | undefined;
  /** Whether what it has is being taken away. */
  readonly ending?: boolean;
  /** What DHCP servers and plugins have given, by network. */
  readonly given?: GivenByNetwork;
  /** Names of others that are in the same namespace, by their IDs: a pod's containers. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

const recordsDir = (scope: Scope) => join(scope.runtimeDir, "network-setups");
const recordFile = (scope: Scope, owner: string) => join(recordsDir(scope), `${owner}.json`);

export function writeConnection(scope: Scope, record: ConnectionRecord): void {
  mkdirSync(recordsDir(scope), { recursive: true, mode: 0o700 });
  replaceFile(recordFile(scope, record.owner), JSON.stringify(record));
}

/** What an owner has, or undefined if it has nothing. */
export function readConnection(scope: Scope, owner: string): ConnectionRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(scope, owner), "utf8")) as ConnectionRecord;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function removeConnection(scope: Scope, owner: string): void {
  removeNamespaceLink(scope, owner);
  removeIfThere(recordFile(scope, owner));
}

export function listConnections(scope: Scope): ConnectionRecord[] {
  return listIfThere(recordsDir(scope)).flatMap((file) => {
    const owner = /^(.+)\.json$/.exec(file)?.[1];
    return owner === undefined ? [] : (readConnection(scope, owner) ?? []);
  });
}

/**
 * Runs `work` while nobody else looks at what is published to publish something. The kernel frees the lock when a
 * process dies.
 */
export function withPortsLock<T>(scope: Scope, work: () => T): T {
  return withLock("ports", openLockFile(join(recordsDir(scope), ".ports")), "exclusive", work);
}

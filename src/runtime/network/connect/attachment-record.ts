import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { Scope } from "../../../scope.ts";
import { isMissing, listIfThere, removeIfThere, replaceFile } from "../../../system/files.ts";
import { lockExclusive } from "../../../system/libc.ts";
import { removeNamespaceLink } from "./namespace-link.ts";
import type { GivenAddresses, NetavarkRequest } from "./netavark.ts";

/**
 * What one owner (a container, a pod) has in networks: it is on disk before anything is taken or set up, and goes when
 * all has been given back. It tells who uses a network and which ports are published, and what teardown and reload have
 * to do.
 */
export interface SetUp {
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
  readonly given?: Readonly<Record<string, GivenAddresses>>;
  /** Names of others that are in the same namespace, by their IDs: a pod's containers. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

const setUpsDir = (scope: Scope) => join(scope.runtimeDir, "network-setups");
const setUpFile = (scope: Scope, owner: string) => join(setUpsDir(scope), `${owner}.json`);

export function writeSetUp(scope: Scope, setUp: SetUp): void {
  mkdirSync(setUpsDir(scope), { recursive: true, mode: 0o700 });
  replaceFile(setUpFile(scope, setUp.owner), JSON.stringify(setUp));
}

/** What an owner has, or undefined if it has nothing. */
export function readSetUp(scope: Scope, owner: string): SetUp | undefined {
  try {
    return JSON.parse(readFileSync(setUpFile(scope, owner), "utf8")) as SetUp;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function removeSetUp(scope: Scope, owner: string): void {
  removeNamespaceLink(scope, owner);
  removeIfThere(setUpFile(scope, owner));
}

export function listSetUps(scope: Scope): SetUp[] {
  return listIfThere(setUpsDir(scope)).flatMap((file) => {
    const owner = /^(.+)\.json$/.exec(file)?.[1];
    return owner === undefined ? [] : (readSetUp(scope, owner) ?? []);
  });
}

/**
 * Runs `work` while nobody else looks at what is published to publish something. The kernel frees the lock when a
 * process dies.
 */
export function withPortsLock<T>(scope: Scope, work: () => T): T {
  mkdirSync(setUpsDir(scope), { recursive: true, mode: 0o700 });
  const fd = openSync(join(setUpsDir(scope), ".ports"), "a", 0o600);
  try {
    lockExclusive(fd);
    return work();
  } finally {
    closeSync(fd);
  }
}

import { closeSync, openSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { list, number, optional, text } from "../../../json-fields.ts";
import type { Scope } from "../../../scope.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "../../../state/record-format.ts";
import { processIdentity } from "../../../state/request-fields.ts";
import { readIfThere } from "../../../system/files.ts";
import { CLONE_NEWNET, setns } from "../../../system/namespaces.ts";
import { runProgram } from "../../../system/process.ts";
import { isAlive, type ProcessIdentity } from "../../../system/process-identity.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type BerthProcess, enterOpenNamespace, userNamespaceOwner } from "../../user-namespace/enter.ts";

/**
 * What of a user's networks are units: one that containers need, and its processes, which start again when they are
 * killed.
 */
export const ROOTLESS_UNITS = {
  all: "berth-networks.target",
  pasta: "berth-networks-pasta.service",
  dns: "berth-networks-dns.service",
} as const;

/**
 * An ordinary user's bridges are in a network namespace of their own, in one user namespace with all containers that
 * they connect; pasta connects it to the host. The user's systemd keeps the network namespace, and by that the other,
 * as long as ROOTLESS_UNITS are active; it is on when the first container needs it.
 */
export interface RootlessNamespace {
  /** Those of its processes that run, by one of which it is entered: pasta holds it open, the name server is in it. */
  readonly pasta: ProcessIdentity | undefined;
  readonly dns: ProcessIdentity | undefined;
  readonly inode: number;
  /** Where the host is reached from inside, and which resolvers answer. */
  readonly gateway: string | undefined;
  readonly resolvers: readonly string[];
}

/** What pasta's unit notes in the file `pasta`. */
export interface PastaRecord {
  readonly pasta: ProcessIdentity;
  /** Inode number of the network namespace. */
  readonly inode: number;
  readonly gateway: string | undefined;
  readonly resolvers: readonly string[];
}

const PASTA_FORMAT = recordFormat<PastaRecord>(
  { noun: "the network namespace", verb: "made" },
  { pasta: processIdentity, inode: number, gateway: optional(text), resolvers: list(text) },
);
const DNS_FORMAT = recordFormat<ProcessIdentity>(
  { noun: "the DNS server", verb: "started" },
  { pid: number, startTime: text },
);

export function writePasta(scope: Scope, record: PastaRecord): void {
  writeRecordFile(rootlessPaths(scope).pasta, PASTA_FORMAT, record);
}

/** Records the DNS server's process. */
export function writeDnsServer(scope: Scope, server: ProcessIdentity): void {
  writeRecordFile(rootlessPaths(scope).dns, DNS_FORMAT, server);
}

/** Files of the shared namespace, below the user's runtime directory. */
export function rootlessPaths(scope: Scope): {
  readonly directory: string;
  readonly namespace: string;
  readonly pasta: string;
  readonly dns: string;
  /** Why pasta did not start the last time. */
  readonly failure: string;
} {
  const directory = join(scope.runtimeDir, "shared-namespace");
  const file = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    namespace: file("namespace", "net"),
    pasta: file("pasta.json"),
    dns: file("names.json"),
    failure: file("failure"),
  };
}

/**
 * The shared namespace, if there is a process by which it can be entered. Throws "corrupt-record" and "newer-record".
 */
export function readRootlessNamespace(scope: Scope): RootlessNamespace | undefined {
  const paths = rootlessPaths(scope);
  const record = readRecordFile(paths.pasta, PASTA_FORMAT, "of a user's networks");
  if (record === undefined) return undefined;
  const server = readRecordFile(paths.dns, DNS_FORMAT, "of a user's networks");
  const pasta = isAlive(record.pasta) ? record.pasta : undefined;
  const dns = server !== undefined && isAlive(server) ? server : undefined;
  return pasta === undefined && dns === undefined ? undefined : { ...record, pasta, dns };
}

/**
 * In a user's scope: executes berth again in the user namespace that containers on bridges share. Returns where it is
 * not there, and in that namespace.
 */
export function enterRootlessNamespace(self: BerthProcess): void {
  const { scope, env } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const fd = openRootlessNamespace(scope, false);
  if (fd !== undefined) enterOpenNamespace(self, [{ kind: "user", fd }]);
}

/**
 * Opens the user namespace that a user's containers on bridges share; undefined where it is not there. With `start`
 * what does not run of its units is started. Throws "network" when it does not start.
 */
export function openRootlessNamespace(scope: Scope, start: boolean): number | undefined {
  const found = readRootlessNamespace(scope);
  const complete = found?.pasta !== undefined && found.dns !== undefined;
  const shared = start && !complete ? startRootlessUnits(scope) : found;
  const holder = shared?.dns ?? shared?.pasta;
  return holder === undefined ? undefined : openSync(`/proc/${holder.pid}/ns/user`, "r");
}

/** Starts what does not run, and waits for it; a process that has been killed comes again by itself after a second. */
function startRootlessUnits(scope: Scope): RootlessNamespace {
  // Said here, for systemctl would only say that something has failed.
  for (const program of ["pasta", "netavark", "aardvark-dns"] as const) findProgram(program);
  const { stderr } = runProgram("systemctl", ["--user", "start", ...Object.values(ROOTLESS_UNITS)]);
  const shared = readRootlessNamespace(scope);
  if (shared !== undefined) return shared;
  const [said = ""] = stderr.split("\n");
  const reason = readIfThere(rootlessPaths(scope).failure) ?? said;
  throw new RuntimeError("network", `start ${ROOTLESS_UNITS.all}: ${reason || "it has no process"}`);
}

/**
 * Moves this thread, and what it starts from now on, into the shared network namespace; there is no way back to the
 * host's. False where there is none, or this process is not in the shared user namespace.
 */
export function joinRootlessNetwork(scope: Scope): boolean {
  const shared = readRootlessNamespace(scope);
  const holder = shared?.dns ?? shared?.pasta;
  // From another user namespace the bridges are out of reach.
  if (holder === undefined || linkOf(`/proc/${holder.pid}/ns/user`) !== linkOf("/proc/self/ns/user")) return false;
  const path = shared?.dns === undefined ? heldBy(holder, shared?.inode) : `/proc/${holder.pid}/ns/net`;
  if (path === undefined) return false;
  const fd = openSync(path, "r");
  try {
    setns(fd, CLONE_NEWNET);
    return true;
  } finally {
    closeSync(fd);
  }
}

/**
 * Moves this thread to the network namespace that holds the scope's bridges: for the system, the one it is in. False
 * where a user's rootless namespace is gone, and the bridges with it, or this process is not in its user namespace.
 */
export function reachBridges(scope: Scope): boolean {
  return scope.kind === "system" || joinRootlessNetwork(scope);
}

/** The file descriptor by which a process has a namespace open. */
function heldBy({ pid }: ProcessIdentity, inode: number | undefined): string | undefined {
  const directory = `/proc/${pid}/fd`;
  const { dev } = statSync("/proc/self/ns/net");
  const paths = readdirSync(directory).map((fd) => join(directory, fd));
  return paths.find((path) => {
    // Closed in the meantime, perhaps.
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.dev === dev && found.ino === inode;
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed in the meantime.
    return "";
  }
}

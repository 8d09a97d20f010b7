import { closeSync, openSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { readIfThere } from "../../../system/files.ts";
import { CLONE_NEWNET, setns } from "../../../system/namespaces.ts";
import { runProgram } from "../../../system/process.ts";
import type { ProcessIdentity } from "../../../system/process-identity.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type BerthProcess, enterOpenNamespace, userNamespaceOwner } from "../../user-namespace/enter.ts";
import { type RootlessNamespace, readRootlessNamespace, rootlessPaths } from "./rootless-record.ts";

/**
 * The units of a user's networks: the target that containers require, and the services of its processes, which systemd
 * restarts when they are killed.
 */
export const ROOTLESS_UNITS = {
  all: "berth-networks.target",
  pasta: "berth-networks-pasta.service",
  dns: "berth-networks-dns.service",
} as const;

/**
 * Executes berth again in the rootless user namespace, in a user's scope. Returns if there is none, or this process is
 * in it.
 */
export function enterRootlessNamespace(self: BerthProcess): void {
  const { scope, env } = self;
  if (scope.kind === "system" || userNamespaceOwner(env) !== undefined) return;
  const fd = openRootlessNamespace(scope, false);
  if (fd !== undefined) enterOpenNamespace(self, [{ kind: "user", fd }]);
}

/**
 * Opens the rootless user namespace; undefined if there is none. With `start`, starts its units that do not run. Throws
 * "network" if they do not start.
 */
export function openRootlessNamespace(scope: Scope, start: boolean): number | undefined {
  const found = readRootlessNamespace(scope);
  const complete = found?.pasta !== undefined && found.dns !== undefined;
  const rootless = start && !complete ? startRootlessUnits(scope) : found;
  const holder = rootless?.dns ?? rootless?.pasta;
  return holder === undefined ? undefined : openSync(`/proc/${holder.pid}/ns/user`, "r");
}

/** Starts the units that do not run, and waits for them; systemd restarts a killed process after a second. */
function startRootlessUnits(scope: Scope): RootlessNamespace {
  // Check for the programs here: systemctl would only report that a unit has failed.
  for (const program of ["pasta", "netavark", "aardvark-dns"] as const) findProgram(program);
  const { stderr } = runProgram("systemctl", ["--user", "start", ...Object.values(ROOTLESS_UNITS)]);
  const rootless = readRootlessNamespace(scope);
  if (rootless !== undefined) return rootless;
  const [said = ""] = stderr.split("\n");
  const reason = readIfThere(rootlessPaths(scope).failure) ?? said;
  throw new RuntimeError("network", `start ${ROOTLESS_UNITS.all}: ${reason || "it has no process"}`);
}

/**
 * Moves this thread, and the programs that it starts from now on, to the rootless network namespace; it cannot return
 * to the host's. False if there is none, or this process is not in its user namespace.
 */
export function joinRootlessNetwork(scope: Scope): boolean {
  const rootless = readRootlessNamespace(scope);
  const holder = rootless?.dns ?? rootless?.pasta;
  // From another user namespace the bridges are out of reach.
  if (holder === undefined || linkOf(`/proc/${holder.pid}/ns/user`) !== linkOf("/proc/self/ns/user")) return false;
  const path = rootless?.dns === undefined ? heldBy(holder, rootless?.inode) : `/proc/${holder.pid}/ns/net`;
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

/** The path of the file descriptor by which a process has a namespace open. */
function heldBy({ pid }: ProcessIdentity, inode: number | undefined): string | undefined {
  const directory = `/proc/${pid}/fd`;
  const { dev } = statSync("/proc/self/ns/net");
  const paths = readdirSync(directory).map((fd) => join(directory, fd));
  return paths.find((path) => {
    // undefined if the process has closed it meanwhile.
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.dev === dev && found.ino === inode;
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // The process has ended meanwhile.
    return "";
  }
}

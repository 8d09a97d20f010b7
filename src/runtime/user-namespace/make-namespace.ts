import { closeSync, openSync, readlinkSync, writeFileSync } from "node:fs";
import { RuntimeError } from "../error.ts";
import { readProc } from "../process-identity.ts";
import { findProgram } from "../programs.ts";
import { checkIdMap, formatIdMap, type IdMaps } from "./id-map.ts";

/** How often to look whether the child is in its namespaces: milliseconds. */
const POLL_MS = 0.2;

/** A user namespace that lives as long as somebody has it open, or runs in it. */
export interface UserNamespace {
  readonly maps: IdMaps;
  /** An open file of the namespace, close-on-exec. */
  readonly fd: number;
  /** By which other programs reach it while this process has it open. */
  readonly path: string;
  /** A network namespace that the user namespace owns, if one was asked for: so sysfs may be mounted for it inside. */
  readonly network: { readonly fd: number; readonly path: string } | undefined;
}

/**
 * Makes a user namespace below this process's own, with `maps` (ids outside are this process's). Only a process with
 * one thread may leave its user namespace, so a short-lived child does, and this process keeps what the child has made.
 * `withNetwork` also makes an empty network namespace that belongs to it. Throws "user-namespace" for maps that the kernel
 * does not take.
 */
export function makeUserNamespace(maps: IdMaps, options: { readonly withNetwork?: boolean } = {}): UserNamespace {
  checkIdMap(maps.uids, "user ids");
  checkIdMap(maps.gids, "group ids");
  const own = readlinkSync("/proc/self/ns/user");
  // cat waits on a pipe that only this process holds: however this one ends, the child ends too.
  const child = Bun.spawn(
    [findProgram("unshare"), "--user", ...(options.withNetwork === true ? ["--net"] : []), "--", findProgram("cat")],
    { stdin: "pipe", stdout: "ignore", stderr: "ignore" },
  );
  try {
    const proc = `/proc/${child.pid}`;
    while (namespaceOf(child.pid) === own) Bun.sleepSync(POLL_MS);
    if (namespaceOf(child.pid) === undefined)
      throw new RuntimeError("user-namespace", "the kernel makes no user namespace (user.max_user_namespaces?)");
    writeMap(`${proc}/gid_map`, formatIdMap(maps.gids));
    writeMap(`${proc}/uid_map`, formatIdMap(maps.uids));
    const open = (kind: "user" | "net") => {
      const fd = openSync(`${proc}/ns/${kind}`, "r");
      return { fd, path: `/proc/${process.pid}/fd/${fd}` };
    };
    return { maps, ...open("user"), network: options.withNetwork === true ? open("net") : undefined };
  } finally {
    child.kill("SIGKILL");
    child.unref();
  }
}

/** The user namespace that a process is in; undefined once it has ended. */
function namespaceOf(pid: number): string | undefined {
  // Nobody has waited for a child that has ended, so it still has a folder there.
  const stat = readProc(pid, "stat");
  if (stat === undefined || stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z")) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined;
  }
}

/** Lets go of a namespace: without a process in it, the kernel takes it down. */
export function closeUserNamespace({ fd, network }: UserNamespace): void {
  closeSync(fd);
  if (network !== undefined) closeSync(network.fd);
}

function writeMap(path: string, text: string): void {
  try {
    // In one write(2), or the kernel refuses it.
    writeFileSync(path, text);
  } catch (cause) {
    throw new RuntimeError("user-namespace", `map ids as ${text.trim().replaceAll("\n", ", ")}`, { cause });
  }
}

import { closeSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { readProc } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { namespacePath } from "../oci-runtime/namespace-path.ts";
import { checkIdMap, formatIdMap, type IdMaps, parseIdMap, splitAt } from "./id-map.ts";

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
 * Makes a user namespace below this process's own, with the `wanted` maps (ids outside are this process's). Only a
 * process with one thread may leave its user namespace, so a short-lived child does, and this process keeps what the
 * child has made. `withNetwork` also makes an empty network namespace that belongs to it. Throws "user-namespace" for
 * maps that the kernel does not take.
 */
export function makeUserNamespace(wanted: IdMaps, options: { readonly withNetwork?: boolean } = {}): UserNamespace {
  checkIdMap(wanted.uids, "user ids");
  checkIdMap(wanted.gids, "group ids");
  const own = (kind: "uid" | "gid") => parseIdMap(readFileSync(`/proc/self/${kind}_map`, "utf8"));
  const maps = { uids: splitAt(wanted.uids, own("uid")), gids: splitAt(wanted.gids, own("gid")) };
  const words = [findProgram("unshare"), "--user", ...(options.withNetwork === true ? ["--net"] : [])];
  return throughChild(words, "user", (proc) => {
    writeMap(`${proc}/gid_map`, formatIdMap(maps.gids));
    writeMap(`${proc}/uid_map`, formatIdMap(maps.uids));
    return keepNamespaces(proc, maps, options.withNetwork === true);
  });
}

/**
 * Joins the user namespace that `path` is a file of; undefined if that is this process's own. Throws "user-namespace"
 * if it is none, or none of those below this process's own.
 */
export function joinUserNamespace(
  path: string,
  options: { readonly withNetwork?: boolean } = {},
): UserNamespace | undefined {
  const wanted = namespaceFile(path);
  if (wanted.ino === statSync("/proc/self/ns/user").ino) return undefined;
  const network = options.withNetwork === true;
  const words = [findProgram("nsenter"), `--user=${path}`, ...(network ? ["--", findProgram("unshare"), "--net"] : [])];
  return throughChild(words, network ? "net" : "user", (proc) => {
    // Read from outside of it, a map says what the ids are to the reader.
    const map = (kind: "uid" | "gid") => parseIdMap(readFileSync(`${proc}/${kind}_map`, "utf8"));
    return keepNamespaces(proc, { uids: map("uid"), gids: map("gid") }, network);
  });
}

function namespaceFile(path: string): { ino: number } {
  try {
    return statSync(path);
  } catch (cause) {
    throw new RuntimeError("user-namespace", `no user namespace at ${path}`, { cause });
  }
}

/**
 * Starts cat(1) in namespaces that the words in front of it make or enter, and ends it when `act` has kept what it
 * wants.
 */
function throughChild<T>(words: readonly string[], kind: "user" | "net", act: (proc: string) => T): T {
  const own = readlinkSync(`/proc/self/ns/${kind}`);
  // cat waits on a pipe that only this process holds: however this one ends, the child ends too.
  const child = Bun.spawn([...words, "--", findProgram("cat")], { stdin: "pipe", stdout: "ignore", stderr: "ignore" });
  try {
    while (namespaceOf(child.pid, kind) === own) Bun.sleepSync(POLL_MS);
    if (namespaceOf(child.pid, kind) === undefined)
      throw new RuntimeError("user-namespace", `the kernel refuses: ${words.join(" ")}`);
    return act(`/proc/${child.pid}`);
  } finally {
    child.kill("SIGKILL");
    child.unref();
  }
}

function keepNamespaces(proc: string, maps: IdMaps, withNetwork: boolean): UserNamespace {
  const open = (kind: "user" | "net") => {
    const fd = openSync(`${proc}/ns/${kind}`, "r");
    return { fd, path: namespacePath(fd) };
  };
  return { maps, ...open("user"), network: withNetwork ? open("net") : undefined };
}

/** The namespace that a process is in; undefined once it has ended. */
function namespaceOf(pid: number, kind: "user" | "net"): string | undefined {
  // Nobody has waited for a child that has ended, so it still has a folder there.
  const stat = readProc(pid, "stat");
  if (stat === undefined || stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z")) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
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

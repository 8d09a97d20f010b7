import { closeSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { readProc } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { namespacePath } from "../oci-runtime/namespace-path.ts";
import { checkIdMap, formatIdMap, type IdMaps, parseIdMap, splitAt } from "./id-map.ts";

/** How often to check whether the child is in its namespaces: milliseconds. */
const POLL_MS = 0.2;

/** A user namespace, which exists as long as a process has it open or runs in it. */
export interface UserNamespace {
  readonly maps: IdMaps;
  /** An open file of the namespace, close-on-exec. */
  readonly fd: number;
  /** The path by which other programs reach it while this process has it open. */
  readonly path: string;
  /** A network namespace that the user namespace owns, if requested: only then may sysfs be mounted for it inside. */
  readonly network: { readonly fd: number; readonly path: string } | undefined;
}

/**
 * Makes a user namespace below this process's own, with the `wanted` maps (outside ids as this process numbers them).
 * Only a process with one thread may leave its user namespace, so a short-lived child does, and this process keeps the
 * child's namespace open. `withNetwork` also makes an empty network namespace that belongs to it. Throws
 * "user-namespace" for maps that the kernel refuses.
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
 * Opens the user namespace at `path` to join it; undefined if it is this process's own. Throws "user-namespace" if the
 * file is no user namespace, or not one below this process's own.
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
    // Read from outside the namespace, a map gives the outside ids as the reader numbers them.
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
 * Starts cat(1) in the namespaces that the command `words` makes or enters, and kills it once `act` has opened them.
 */
function throughChild<T>(words: readonly string[], kind: "user" | "net", act: (proc: string) => T): T {
  const own = readlinkSync(`/proc/self/ns/${kind}`);
  // cat reads from a pipe that only this process holds, so it ends with this process in any case.
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
  // A child that has ended stays in /proc as a zombie until this process waits for it.
  const stat = readProc(pid, "stat");
  if (stat === undefined || stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z")) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

/** Closes a namespace; without a process in it, the kernel removes it. */
export function closeUserNamespace({ fd, network }: UserNamespace): void {
  closeSync(fd);
  if (network !== undefined) closeSync(network.fd);
}

function writeMap(path: string, text: string): void {
  try {
    // The kernel accepts a map in one write(2) only.
    writeFileSync(path, text);
  } catch (cause) {
    throw new RuntimeError("user-namespace", `map ids as ${text.trim().replaceAll("\n", ", ")}`, { cause });
  }
}

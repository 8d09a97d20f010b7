import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { openUserNamespaceOf } from "../../system/namespaces.ts";
import { RuntimeError } from "../error.ts";

/** So deep user namespaces can be in one another, user_namespaces(7). */
const DEPTH_MAX = 32;

/**
 * Opens the user namespace, right below this process's own, that the process `pid` is in, or that is above the one it
 * is in: a user's container may have a namespace within the one that its launcher was root of. Throws "user-namespace"
 * where this process is in none above it.
 */
export function openOutermostNamespace(pid: number): number {
  return openOutermost(openSync(`/proc/${pid}/ns/user`, "r"), `process ${pid}`);
}

/** The same of the user namespace that a namespace of another kind belongs to, which is open as `fd` and stays so. */
export function openOutermostOwner(fd: number, what: string): number {
  const owner = openUserNamespaceOf(fd);
  if (owner !== undefined) return openOutermost(owner, what);
  throw noneOfTheUsers(what);
}

/** Goes outwards from the open user namespace `fd`, which is closed if another one is returned. */
export function openOutermost(fd: number, what: string): number {
  const own = statSync("/proc/self/ns/user").ino;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const parent = openUserNamespaceOf(fd);
    if (parent === undefined) break;
    if (fstatSync(parent).ino === own) {
      closeSync(parent);
      return fd;
    }
    closeSync(fd);
    fd = parent;
  }
  closeSync(fd);
  throw noneOfTheUsers(what);
}

function noneOfTheUsers(what: string): RuntimeError {
  return new RuntimeError(
    "user-namespace",
    `${what} is not in a user namespace of this user's: the kernel lets only root join it`,
  );
}

import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { openUserNamespaceOf } from "../../system/namespaces.ts";
import { RuntimeError } from "../error.ts";

/** The kernel's limit for the depth of user namespaces, user_namespaces(7). */
const DEPTH_MAX = 32;

/**
 * Opens the outermost user namespace of the process `pid`: the one right below this process's own that it is in, or
 * that is an ancestor of its own. A user's container may have a namespace within the one that its launcher was root of.
 * Throws "user-namespace" if this process's namespace is not an ancestor.
 */
export function openOutermostNamespace(pid: number): number {
  return openOutermost(openSync(`/proc/${pid}/ns/user`, "r"), `process ${pid}`);
}

/** The same for the user namespace that owns a namespace of another kind, which is open as `fd` and stays open. */
export function openOutermostOwner(fd: number, what: string): number {
  const owner = openUserNamespaceOf(fd);
  if (owner !== undefined) return openOutermost(owner, what);
  throw noneOfTheUsers(what);
}

/** Goes outwards from the open user namespace `fd`, which it closes if it returns another one. */
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

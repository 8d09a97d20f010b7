import { dlopen } from "bun:ffi";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { RuntimeError } from "../error.ts";

/** ioctl_ns(2): the user namespace that one was made in. */
const NS_GET_PARENT = 0xb702;
/** So deep user namespaces can be in one another, user_namespaces(7). */
const DEPTH_MAX = 32;

/**
 * Opens the user namespace, right below this process's own, that the process `pid` is in, or that is above the one it is in: a
 * user's container may have a namespace within the one that its launcher was root of. Throws "user-namespace" where this
 * process is in none above it.
 */
export function openOutermostNamespace(pid: number): number {
  const own = statSync("/proc/self/ns/user").ino;
  const { symbols } = dlopen("libc.so.6", { ioctl: { args: ["i32", "u64", "u64"], returns: "i32" } });
  let fd = openSync(`/proc/${pid}/ns/user`, "r");
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const parent = symbols.ioctl(fd, BigInt(NS_GET_PARENT), 0n);
    if (parent < 0) break;
    if (fstatSync(parent).ino === own) {
      closeSync(parent);
      return fd;
    }
    closeSync(fd);
    fd = parent;
  }
  closeSync(fd);
  throw new RuntimeError("user-namespace", `process ${pid} is in no user namespace of this user's`);
}

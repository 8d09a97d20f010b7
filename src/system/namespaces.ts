/** Namespaces of the calling thread: unshare(2), setns(2), ioctl_ns(2). */
import { check, libc } from "./libc.ts";

// <linux/sched.h>
export const CLONE_FS = 0x00000200;
export const CLONE_NEWNS = 0x00020000;
export const CLONE_NEWNET = 0x40000000;

/** unshare(2): gives this thread, and what it executes, new namespaces. Throws "syscall". */
export function unshare(flags: number): void {
  check(libc("unshare")(flags), "unshare");
}

/**
 * setns(2) with an open namespace file. `flags` names the expected kind (CLONE_NEW…), 0 allows any. Throws "syscall".
 */
export function setns(fd: number, flags: number): void {
  check(libc("setns")(fd, flags), "setns");
}

/**
 * Opens the user namespace that owns an open namespace or, for a user namespace, its parent (ioctl_ns(2),
 * NS_GET_USERNS). Undefined if that is not below this process's own user namespace (EPERM).
 */
export function openUserNamespaceOf(fd: number): number | undefined {
  const NS_GET_USERNS = 0xb701n;
  const owner = libc("ioctl")(fd, NS_GET_USERNS, 0n);
  return owner < 0 ? undefined : owner;
}

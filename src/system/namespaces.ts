/** Namespaces of the calling thread: unshare(2), setns(2), ioctl_ns(2). */
import { closeSync, openSync } from "node:fs";
import { check, libc, ptr } from "./libc.ts";

// <linux/sched.h>
export const CLONE_FS = 0x00000200;
export const CLONE_NEWNS = 0x00020000;
const CLONE_NEWUTS = 0x04000000;
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
 * Sets the host name in another UTS namespace, sethostname(2), and returns to this thread's own where it may. The
 * kernel takes any text of 64 bytes, where hostname(1) refuses what is no name of DNS. Throws "syscall".
 */
export function setHostname(namespace: number, name: string): void {
  const bytes = Buffer.from(name);
  const own = openSync("/proc/thread-self/ns/uts", "r");
  try {
    setns(namespace, CLONE_NEWUTS);
    try {
      check(libc("sethostname")(ptr(bytes), bytes.length), "sethostname");
    } finally {
      // Root of a user namespace cannot return to the host's. Nothing that this thread does depends on its host name.
      libc("setns")(own, CLONE_NEWUTS);
    }
  } finally {
    closeSync(own);
  }
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

/**
 * Moving mounts from one mount namespace to another: open_tree(2), move_mount(2), pivot_root(2). Apart from mount.ts,
 * because few containers need it.
 */
import { closeSync, openSync } from "node:fs";
import { attachMount, cloneMount } from "./detached-mount.ts";
import { check, cString, libc, ptr } from "./libc.ts";
import { detachMount, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC, mount } from "./mount.ts";
import { CLONE_FS, CLONE_NEWNS, setns, unshare } from "./namespaces.ts";

/**
 * Makes a mount namespace that contains only a new tmpfs (`options`: tmpfs(5)) and returns its file descriptor. The
 * tmpfs is first mounted on `scratch`, which no other process sees. The calling thread is back in its own namespace
 * when this returns. Throws "syscall".
 */
export function makeMemoryNamespace(scratch: string, options: string): number {
  const before = process.cwd();
  const own = openSync("/proc/thread-self/ns/mnt", "r");
  try {
    unshare(CLONE_NEWNS);
    try {
      const made = openSync("/proc/thread-self/ns/mnt", "r");
      mount("none", "/", "", MS_REC | MS_PRIVATE);
      mount("shm", scratch, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
      process.chdir(scratch);
      const here = cString(".");
      // This stacks the old root on the new one, from where it is detached: pivot_root(2), NOTES.
      check(libc("pivot_root")(ptr(here), ptr(here)), `pivot_root ${scratch}`);
      detachMount(".");
      return made;
    } finally {
      enter(own);
      process.chdir(before);
    }
  } finally {
    closeSync(own);
  }
}

/** Mounts the root of an open mount namespace on `target` in this one. Throws "syscall". */
export function attachRootOf(namespace: number, target: string): void {
  attachFrom(namespace, "/", target);
}

/** The same for the mount at `path` in the other namespace. Throws "syscall". */
export function attachFrom(namespace: number, path: string, target: string): void {
  const before = process.cwd();
  const own = openSync("/proc/thread-self/ns/mnt", "r");
  try {
    const tree = cloneAt(namespace, path, own);
    process.chdir(before);
    try {
      check(attachMount(tree, target), `move_mount to ${target}`);
    } finally {
      closeSync(tree);
    }
  } finally {
    closeSync(own);
  }
}

function cloneAt(namespace: number, path: string, own: number): number {
  enter(namespace);
  try {
    return check(cloneMount(path), `open_tree ${path}`);
  } finally {
    enter(own);
  }
}

/**
 * setns(2): a thread that shares its root directory with other threads cannot enter a mount namespace, and the threads
 * that the JavaScript engine starts share this one's.
 */
function enter(namespace: number): void {
  unshare(CLONE_FS);
  setns(namespace, CLONE_NEWNS);
}

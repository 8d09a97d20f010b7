/**
 * Mounts as things that can be carried from one mount namespace to another: open_tree(2), move_mount(2), pivot_root(2).
 * Apart from native.ts, because few containers need them. They act on the calling thread, the process's main one.
 */
import { dlopen, ptr } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import {
  CLONE_FS,
  CLONE_NEWNS,
  check,
  cString,
  detachMount,
  MS_PRIVATE,
  MS_REC,
  mount,
  setns,
  unshare,
} from "./libc.ts";

const AT_FDCWD = -100;
// <linux/mount.h>
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;

let loaded: ReturnType<typeof load> | undefined;

function load() {
  return dlopen("libc.so.6", {
    open_tree: { args: ["i32", "ptr", "u32"], returns: "i32" },
    move_mount: { args: ["i32", "ptr", "i32", "ptr", "u32"], returns: "i32" },
    pivot_root: { args: ["ptr", "ptr"], returns: "i32" },
  }).symbols;
}

function libc() {
  loaded ??= load();
  return loaded;
}

/**
 * Makes a mount namespace with nothing in it but a new tmpfs (`options`: tmpfs(5)), and returns its descriptor.
 * `scratch` is a directory to mount on meanwhile; nobody else sees that. The calling thread is back in its own
 * namespace when this returns.
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
      // The old root is then mounted over the new one, and goes: pivot_root(2), NOTES.
      check(libc().pivot_root(ptr(here), ptr(here)), `pivot_root ${scratch}`);
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

/** Mounts on `target`, in this mount namespace, what is the root of another one, given by its descriptor. */
export function attachRootOf(namespace: number, target: string): void {
  attachFrom(namespace, "/", target);
}

/** The same with what is mounted at `path` in the other namespace. Throws RuntimeError "syscall". */
export function attachFrom(namespace: number, path: string, target: string): void {
  const before = process.cwd();
  const own = openSync("/proc/thread-self/ns/mnt", "r");
  try {
    const tree = cloneAt(namespace, path, own);
    process.chdir(before);
    try {
      move(tree, target);
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
    const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    return check(libc().open_tree(AT_FDCWD, ptr(cString(path)), flags), `open_tree ${path}`);
  } finally {
    enter(own);
  }
}

/**
 * setns(2): a thread that shares its root directory with others cannot enter a mount namespace, and any thread that the
 * JavaScript engine starts meanwhile shares this one's.
 */
function enter(namespace: number): void {
  unshare(CLONE_FS);
  setns(namespace, CLONE_NEWNS);
}

function move(tree: number, target: string): void {
  const result = libc().move_mount(tree, ptr(cString("")), AT_FDCWD, ptr(cString(target)), MOVE_MOUNT_F_EMPTY_PATH);
  check(result, `move_mount to ${target}`);
}

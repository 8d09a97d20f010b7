/**
 * Mounts that are not attached to the mount tree, each an open file: open_tree(2), mount_setattr(2), move_mount(2).
 * The calls are made by number, because glibc names them only since 2.36.
 */
import { AT_FDCWD, O_CLOEXEC } from "./constants.ts";
import { cString, libc, ptr } from "./libc.ts";

// <asm/unistd.h>: the same numbers on every architecture since Linux 5.1.
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;

// <linux/mount.h>, <linux/fcntl.h>
const OPEN_TREE_CLONE = 1;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1n;
const MOUNT_ATTR_IDMAP = 0x00100000n;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

const EMPTY = Buffer.from("\0");

/**
 * A detached copy of the mount at `path`, with the mounts below it if `recursive`. Returns its file descriptor, below 0
 * on failure.
 */
export function cloneMount(path: string, recursive = false): number {
  const name = cString(path);
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  return Number(libc("syscall")(SYS_OPEN_TREE, AT_FDCWD, ptr(name), flags, 0, 0));
}

/** Shifts the owners of a detached mount's files by the maps of an open user namespace. Below 0 on failure. */
export function shiftOwners(mount: number, userNamespace: number, recursive: boolean): number {
  return setAttributes(mount, [MOUNT_ATTR_IDMAP, BigInt(userNamespace)], recursive);
}

/** Makes a detached mount read-only. Below 0 on failure. */
export function makeReadOnly(mount: number): number {
  return setAttributes(mount, [MOUNT_ATTR_RDONLY, 0n], false);
}

function setAttributes(mount: number, [set, userNamespace]: [bigint, bigint], recursive: boolean): number {
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
  const attributes = new BigUint64Array([set, 0n, 0n, userNamespace]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  const { byteLength } = attributes;
  return Number(libc("syscall")(SYS_MOUNT_SETATTR, mount, ptr(EMPTY), flags, ptr(attributes), byteLength));
}

/** Mounts a detached mount at `target`. Below 0 on failure. */
export function attachMount(mount: number, target: string): number {
  const place = cString(target);
  return Number(libc("syscall")(SYS_MOVE_MOUNT, mount, ptr(EMPTY), AT_FDCWD, ptr(place), MOVE_MOUNT_F_EMPTY_PATH));
}

/**
 * Id-mapped mounts: the same files with other owners, shifted by the kernel as they are looked at (mount_setattr(2),
 * MOUNT_ATTR_IDMAP, Linux 5.12; as layers of an overlay 5.19). The OCI runtime of Debian 12 makes none, so berth does. Loaded only for
 * containers that need one.
 */
import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { RuntimeError } from "../runtime/error.ts";

// <asm/unistd.h>: the same numbers on every architecture since Linux 5.1.
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;

// <linux/mount.h>, <linux/fcntl.h>
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_IDMAP = 0x00100000n;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/**
 * What the kernel says where it, or the file system, has no id-mapped mounts, or where the caller may not make them.
 */
const REFUSALS: readonly string[] = ["ENOSYS", "EINVAL", "EPERM", "EOPNOTSUPP"];

let loaded: ReturnType<typeof load> | undefined;

function load() {
  return dlopen("libc.so.6", {
    __errno_location: { args: [], returns: "ptr" },
    syscall: { args: ["i64", "i64", "ptr", "i64", "ptr", "i64"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  }).symbols;
}

/**
 * Mounts `source` (a file or folder) once more at `target`, with owners shifted: what id N owns on the disk belongs,
 * seen through the mount, to the id that N inside of the user namespace has outside; what has no such id belongs to
 * nobody and cannot be changed. `userNamespace` is an open namespace file (not of the caller's own). With `recursive`
 * mounts below `source` come along, shifted too. The mount is made in this thread's mount namespace; whoever calls
 * unmounts it.
 *
 * Returns false, with nothing mounted, where the kernel refuses to shift: too old, a file system without the feature,
 * or a caller that is not root of the machine (the file system's own user namespace). Throws "syscall" for anything
 * else, as a `source` that does not exist.
 */
export function mountShifted(
  source: string,
  target: string,
  userNamespace: number,
  options: { readonly recursive?: boolean } = {},
): boolean {
  loaded ??= load();
  const libc = loaded;
  const recursive = options.recursive === true ? AT_RECURSIVE : 0;
  const clone = Number(
    libc.syscall(
      SYS_OPEN_TREE,
      AT_FDCWD,
      ptr(Buffer.from(`${source}\0`)),
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive,
      null,
      0,
    ),
  );
  if (clone < 0) {
    const name = errnoName(libc);
    if (name === "ENOSYS") return false;
    throw new RuntimeError("syscall", `clone the mount of ${source}: ${name}`);
  }
  try {
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    const attributes = new BigUint64Array([MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(userNamespace)]);
    const empty = Buffer.from("\0");
    const set = libc.syscall(
      SYS_MOUNT_SETATTR,
      clone,
      ptr(empty),
      AT_EMPTY_PATH | recursive,
      ptr(attributes),
      attributes.byteLength,
    );
    if (Number(set) < 0) {
      const name = errnoName(libc);
      if (REFUSALS.includes(name)) return false;
      throw new RuntimeError("syscall", `shift the owners in ${source}: ${name}`);
    }
    const place = Buffer.from(`${target}\0`);
    const moved = libc.syscall(SYS_MOVE_MOUNT, clone, ptr(empty), AT_FDCWD, ptr(place), MOVE_MOUNT_F_EMPTY_PATH);
    if (Number(moved) < 0) throw new RuntimeError("syscall", `mount ${source} on ${target}: ${errnoName(libc)}`);
    return true;
  } finally {
    libc.close(clone);
  }
}

function errnoName(libc: ReturnType<typeof load>): string {
  const location = libc.__errno_location();
  const errno = location === null ? 0 : read.i32(location as Pointer, 0);
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

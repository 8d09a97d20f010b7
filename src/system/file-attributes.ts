/**
 * Calls on files that node:fs lacks: mknod(2), xattr(7), utimensat(2). Paths are bytes without NUL, since names in a
 * layer need not be UTF-8; symbolic links are never followed.
 */

import { getSystemErrorMap } from "node:util";
import { AT_FDCWD } from "./constants.ts";
import { SystemError } from "./error.ts";
import { lastErrno, libc } from "./libc.ts";

/** Seconds since 1970 (may be negative) and nanoseconds (0 to 999,999,999). */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const AT_SYMLINK_NOFOLLOW = 0x100;
/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const ATTRIBUTE_MAX = 65536;

/** mknod(2): `mode` holds the type (S_IFCHR, S_IFBLK, S_IFIFO) and permission bits. Throws "syscall". */
export function makeNode(path: Buffer, mode: number, major: number, minor: number): void {
  if (libc("mknod")(terminated(path), mode, deviceNumber(major, minor)) !== 0) throw failure("mknod", path);
}

/** lsetxattr(2): a symbolic link's own attribute, never its target's. `name` is latin1 text. Throws "syscall". */
export function setAttribute(path: Buffer, name: string, value: Buffer): void {
  // An empty buffer has no address; the kernel reads nothing of it.
  const bytes = value.length === 0 ? Buffer.alloc(1) : value;
  if (libc("lsetxattr")(terminated(path), attributeName(name), bytes, value.length, 0) !== 0)
    throw failure(`lsetxattr ${name}`, path);
}

/**
 * lgetxattr(2) of each of llistxattr(2), names as latin1 text; none where the file system has none. Throws "syscall".
 */
export function readAttributes(path: Buffer): Map<string, Buffer> {
  const file = terminated(path);
  const found = new Map<string, Buffer>();
  const scratch = Buffer.alloc(ATTRIBUTE_MAX);
  const length = Number(libc("llistxattr")(file, scratch, ATTRIBUTE_MAX));
  if (length < 0) {
    const errno = lastErrno();
    if (errno === "EOPNOTSUPP" || errno === "ENOTSUP") return found;
    throw failure("llistxattr", path, errno);
  }
  for (const name of scratch.toString("latin1", 0, length).split("\0")) {
    if (name === "") continue;
    const size = Number(libc("lgetxattr")(file, attributeName(name), scratch, ATTRIBUTE_MAX));
    if (size < 0) throw failure(`lgetxattr ${name}`, path);
    found.set(name, Buffer.from(scratch.subarray(0, size)));
  }
  return found;
}

/** utimensat(2): access and modification time both become `time`, exact to the nanosecond. Throws "syscall". */
export function setTimes(path: Buffer, time: Timestamp): void {
  const times = new BigInt64Array([time.seconds, BigInt(time.nanoseconds), time.seconds, BigInt(time.nanoseconds)]);
  if (libc("utimensat")(AT_FDCWD, terminated(path), times, AT_SYMLINK_NOFOLLOW) !== 0) throw failure("utimensat", path);
}

const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)]);
const attributeName = (name: string): Buffer => Buffer.from(`${name}\0`, "latin1");

/** Worded as node:fs words its failures, since messages show both. */
function failure(call: string, path: Buffer, errno = lastErrno()): SystemError {
  const text = [...getSystemErrorMap().values()].find(([name]) => name === errno)?.[1] ?? "unknown error";
  return new SystemError("syscall", `${errno}: ${text}, ${call} '${path.toString()}'`, { errno });
}

/** glibc's gnu_dev_makedev(3). */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n);
}

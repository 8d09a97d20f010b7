import { dlopen, type Pointer, read } from "bun:ffi";
import { getSystemErrorMap } from "node:util";

/**
 * The system calls that unpacking and locking need and node:fs has not. Paths are bytes without NUL, since names in
 * a layer need not be UTF-8.
 */
export interface Native {
  /** mknod(2): `mode` holds the type (S_IFCHR, S_IFBLK, S_IFIFO) and permission bits. */
  makeNode(path: Buffer, mode: number, major: number, minor: number): void;
  /** lsetxattr(2): a symbolic link's own attribute, never its target's. */
  setAttribute(path: Buffer, name: string, value: Buffer): void;
  /** lgetxattr(2) of each of llistxattr(2), names as latin1 text. */
  attributes(path: Buffer): Map<string, Buffer>;
  /** utimensat(2) without following: access and modification time both become `time`, exact to the nanosecond. */
  setTimes(path: Buffer, time: Timestamp): void;
  /** flock(2), exclusive or shared, waiting or not. False when not waiting and another open file holds it. */
  lock(fd: number, how: "exclusive" | "shared", wait: boolean): boolean;
}

/** Seconds since 1970 (may be negative) and nanoseconds (0 to 999,999,999). */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EWOULDBLOCK = 11;
/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const ATTRIBUTE_MAX = 65536;

const SYMBOLS = {
  mknod: { args: ["ptr", "u32", "u64"], returns: "i32" },
  lsetxattr: { args: ["ptr", "ptr", "ptr", "u64", "i32"], returns: "i32" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" },
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i64" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** Opens the C library (about 0.2 ms). */
export function loadNative(): Native {
  const libc = dlopen("libc.so.6", SYMBOLS).symbols;
  const errno = (): number => read.i32(libc.__errno_location() as Pointer, 0);
  const failure = (call: string, path: Buffer, code = errno()): Error => {
    const [name, text] = getSystemErrorMap().get(-code) ?? [`E${code}`, "unknown error"];
    return Object.assign(new Error(`${name}: ${text}, ${call} '${path.toString()}'`), { code: name, syscall: call });
  };
  const scratch = Buffer.alloc(ATTRIBUTE_MAX);
  const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)]);
  const nameBytes = (name: string): Buffer => Buffer.from(`${name}\0`, "latin1");
  return {
    makeNode(path, mode, major, minor) {
      if (libc.mknod(terminated(path), mode, deviceNumber(major, minor)) !== 0) throw failure("mknod", path);
    },
    setAttribute(path, name, value) {
      // An empty buffer has no address; the kernel reads nothing of it.
      const bytes = value.length === 0 ? Buffer.alloc(1) : value;
      if (libc.lsetxattr(terminated(path), nameBytes(name), bytes, value.length, 0) !== 0) {
        throw failure(`lsetxattr ${name}`, path);
      }
    },
    attributes(path) {
      const file = terminated(path);
      const found = new Map<string, Buffer>();
      const length = Number(libc.llistxattr(file, scratch, ATTRIBUTE_MAX));
      if (length < 0) {
        if (errno() === 95) return found; // EOPNOTSUPP: this file system has none.
        throw failure("llistxattr", path);
      }
      for (const name of scratch.toString("latin1", 0, length).split("\0")) {
        if (name === "") continue;
        const size = Number(libc.lgetxattr(file, nameBytes(name), scratch, ATTRIBUTE_MAX));
        if (size < 0) throw failure(`lgetxattr ${name}`, path);
        found.set(name, Buffer.from(scratch.subarray(0, size)));
      }
      return found;
    },
    setTimes(path, time) {
      const times = new BigInt64Array([time.seconds, BigInt(time.nanoseconds), time.seconds, BigInt(time.nanoseconds)]);
      if (libc.utimensat(AT_FDCWD, terminated(path), times, AT_SYMLINK_NOFOLLOW) !== 0)
        throw failure("utimensat", path);
    },
    lock(fd, how, wait) {
      for (;;) {
        if (libc.flock(fd, (how === "shared" ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB)) === 0) return true;
        const code = errno();
        if (code === EWOULDBLOCK && !wait) return false;
        if (code !== EINTR) throw failure("flock", Buffer.from(`fd ${fd}`), code);
      }
    },
  };
}

/** glibc's gnu_dev_makedev(3). */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n);
}

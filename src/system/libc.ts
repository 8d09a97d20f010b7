/**
 * The C library through bun:ffi, for system calls that Node has no function for. Only modules of this folder call it.
 * Calls act on the calling thread, which is the process's main thread: namespaces that it unshares or enters are those
 * of the programs that it then executes.
 */
import { dlopen, type FFIFunction, type Library, type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { SystemError } from "./error.ts";

const SYMBOLS = {
  __errno_location: { args: [], returns: "ptr" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  getdents64: { args: ["i32", "ptr", "u64"], returns: "i64" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "u64"], returns: "i32" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" },
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i64" },
  lsetxattr: { args: ["ptr", "ptr", "ptr", "u64", "i32"], returns: "i32" },
  mknod: { args: ["ptr", "u32", "u64"], returns: "i32" },
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  pivot_root: { args: ["ptr", "ptr"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  renameat: { args: ["i32", "ptr", "i32", "ptr"], returns: "i32" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  sethostname: { args: ["ptr", "u64"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  statvfs: { args: ["ptr", "ptr"], returns: "i32" },
  // For calls that glibc 2.35 does not name: the number, then up to five arguments; pointers are numbers, from ptr().
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  unlinkat: { args: ["i32", "ptr", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

type Symbols = typeof SYMBOLS;
type Bound = Library<Symbols>["symbols"];

const bound: { -readonly [Name in keyof Bound]?: Bound[Name] } = {};

/**
 * A function of the C library, looked up at its first use: most commands need none, a start about ten, and each look-up
 * costs some 15 µs, the first one 0.1 ms.
 */
export function libc<Name extends keyof Symbols>(name: Name): Bound[Name] {
  // The address of errno must be known before a call fails, since looking it up may overwrite errno.
  bound.__errno_location ??= bind("__errno_location");
  const found: Bound[Name] | undefined = bound[name];
  if (found !== undefined) return found;
  const fresh = bind(name);
  bound[name] = fresh;
  return fresh;
}

function bind<Name extends keyof Symbols>(name: Name): Bound[Name] {
  const library: { symbols: unknown } = dlopen("libc.so.6", { [name]: SYMBOLS[name] });
  return (library.symbols as Bound)[name];
}

/** The address of a buffer, for a call; the buffer must stay referenced until the call has returned. */
export { ptr };

/** A NUL-terminated string for a call. Throws "bad-name" for a text that has a NUL byte itself. */
export function cString(text: string): Buffer {
  if (text.includes("\0"))
    throw new SystemError("bad-name", `a name for the kernel contains a NUL byte: ${JSON.stringify(text)}`);
  return Buffer.from(`${text}\0`);
}

/** The errno name of the last failed call, errno(3). */
export function lastErrno(): string {
  const location = libc("__errno_location")();
  const errno = location === null ? 0 : read.i32(location as Pointer, 0);
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

/** The error for the last failed call; `what` describes the call. */
export function lastFailure(what: string, errno = lastErrno()): SystemError {
  return new SystemError("syscall", `${what}: ${errno}`, { errno });
}

/** The result of a system call; `what` describes the call. Throws "syscall" if the result is below 0. */
export function check(result: number | bigint, what: string): number {
  if (Number(result) < 0) throw lastFailure(what);
  return Number(result);
}

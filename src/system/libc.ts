/**
 * The system calls the launcher needs and JavaScript has no name for, through bun:ffi. Each wrapper throws a
 * RuntimeError that names the call and its errno. All of them act on the calling thread, which is the process's main
 * thread: what is unshared, entered or written to /proc/self holds for the programs it then executes.
 */
import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { RuntimeError } from "../runtime/error.ts";

// <linux/sched.h>
export const CLONE_FS = 0x00000200;
export const CLONE_NEWNS = 0x00020000;
export const CLONE_NEWNET = 0x40000000;

// <linux/mount.h>
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;

// <linux/openat2.h>: how a path inside a container's root is looked up as if that root were "/".
const SYS_OPENAT2 = 437;
const RESOLVE_IN_ROOT = 0x10;

/**
 * open(2): only finds the file and opens nothing, so that no fifo waits and no device starts. Node has no name for it.
 */
export const O_PATH = 0o10000000;

let loaded: ReturnType<typeof load> | undefined;

function load() {
  return dlopen("libc.so.6", {
    __errno_location: { args: [], returns: "ptr" },
    mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
    statvfs: { args: ["ptr", "ptr"], returns: "i32" },
    umount2: { args: ["ptr", "i32"], returns: "i32" },
    unshare: { args: ["i32"], returns: "i32" },
    setns: { args: ["i32", "i32"], returns: "i32" },
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    pipe2: { args: ["ptr", "i32"], returns: "i32" },
    poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
    sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    flock: { args: ["i32", "i32"], returns: "i32" },
    syscall: { args: ["i64", "i64", "ptr", "ptr", "i64"], returns: "i64" },
  }).symbols;
}

/** libc, opened at the first call and not before: most commands never need it. */
function libc() {
  loaded ??= load();
  return loaded;
}

/** A NUL-terminated string for a call; it must stay referenced until the call has returned. */
export function cString(text: string): Buffer {
  if (text.includes("\0"))
    throw new RuntimeError("bad-request", `a name for the kernel contains a NUL byte: ${JSON.stringify(text)}`);
  return Buffer.from(`${text}\0`);
}

function errnoName(): string {
  const location = libc().__errno_location();
  const errno = location === null ? 0 : read.i32(location as Pointer, 0);
  for (const [name, value] of Object.entries(constants.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

/**
 * The result of a system call, which `what` describes. Throws "syscall" with the name of the error if it is below 0.
 */
export function check(result: number | bigint, what: string): number {
  if (Number(result) < 0) throw new RuntimeError("syscall", `${what}: ${errnoName()}`);
  return Number(result);
}

/** mount(2). `data` is the file system's own option string. */
export function mount(source: string, target: string, type: string, flags: number, data = ""): void {
  const result = libc().mount(
    ptr(cString(source)),
    ptr(cString(target)),
    ptr(cString(type)),
    flags,
    ptr(cString(data)),
  );
  check(result, `mount ${type || source} on ${target}`);
}

/** unshare(2): gives this thread, and what it executes, new namespaces. */
export function unshare(flags: number): void {
  check(libc().unshare(flags), "unshare");
}

/** setns(2) with an open namespace file. `flags` names the expected kind (CLONE_NEW…), 0 allows any. */
export function setns(fd: number, flags: number): void {
  check(libc().setns(fd, flags), "setns");
}

/** Lets `fd` live on over execve(2) (Node and Bun open everything close-on-exec). */
export function keepOverExec(fd: number): void {
  const F_SETFD = 2;
  check(libc().fcntl(fd, F_SETFD, 0), `fcntl fd ${fd}`);
}

/** flock(2), exclusive and waiting; the lock goes with the last copy of the file descriptor. */
export function lockExclusive(fd: number): void {
  const LOCK_EX = 2;
  check(libc().flock(fd, LOCK_EX), "flock");
}

/** flock(2), beside others who share the lock; waits for one who has it alone. */
export function lockShared(fd: number): void {
  const LOCK_SH = 1;
  check(libc().flock(fd, LOCK_SH), "flock");
}

/** flock(2), exclusive, without waiting: false if somebody else has the lock. */
export function tryLockExclusive(fd: number): boolean {
  const LOCK_EX_NB = 2 | 4;
  if (libc().flock(fd, LOCK_EX_NB) === 0) return true;
  const name = errnoName();
  if (name === "EAGAIN" || name === "EWOULDBLOCK") return false;
  throw new RuntimeError("syscall", `flock: ${name}`);
}

/** execve(2): this process becomes `path`, with the variables of `env` that have a value. Returns only by throwing. */
export function execve(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): never {
  // The buffers must stay referenced until the call: the arrays of pointers do not keep them alive.
  const argvStrings = argv.map(cString);
  const envStrings = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [cString(`${name}=${value}`)],
  );
  const pointers = (strings: readonly Buffer[]) =>
    new BigUint64Array([...strings.map((text) => BigInt(ptr(text))), 0n]);
  check(libc().execve(ptr(cString(path)), ptr(pointers(argvStrings)), ptr(pointers(envStrings))), `execute ${path}`);
  throw new RuntimeError("syscall", `execute ${path}: returned`);
}

/**
 * Opens `path` as it is seen from inside `root`: symbolic links, "..", and absolute paths all stay below it
 * (openat2(2), RESOLVE_IN_ROOT). Returns a file descriptor, or undefined if there is nothing of that name.
 */
export function openInRoot(root: number, path: string, flags: number): number | undefined {
  const how = new BigUint64Array([BigInt(flags | 0o2000000), 0n, BigInt(RESOLVE_IN_ROOT)]);
  const fd = Number(libc().syscall(SYS_OPENAT2, root, ptr(cString(path)), ptr(how), how.byteLength));
  if (fd >= 0) return fd;
  const name = errnoName();
  if (name === "ENOENT" || name === "ENOTDIR" || name === "ELOOP") return undefined;
  throw new RuntimeError("syscall", `open ${path} in the root file system: ${name}`);
}

// <sys/socket.h>, <fcntl.h>
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const O_CLOEXEC = 0o2000000;

/** A unix socket's address, sockaddr_un of unix(7); a path that starts with "@" is an abstract name. */
function unixAddress(path: string): Buffer {
  const abstract = path.startsWith("@");
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  return address;
}

function withDatagramSocket(act: (fd: number) => void): void {
  const fd = check(libc().socket(AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0), "socket");
  try {
    act(fd);
  } finally {
    libc().close(fd);
  }
}

/** Sends one datagram to a unix socket. Used for sd_notify(3). */
export function sendDatagram(path: string, payload: string): void {
  const address = unixAddress(path);
  const message = Buffer.from(payload);
  withDatagramSocket((fd) => {
    const sent = libc().sendto(fd, ptr(message), message.length, 0, ptr(address), address.length);
    check(sent, `notify ${path}`);
  });
}

/** Sends one datagram with a file descriptor to a unix socket: FDSTORE=1 of sd_notify(3). */
export function sendDescriptor(path: string, payload: string, fd: number): void {
  withDatagramSocket((socket) => check(sendWithDescriptor(socket, path, payload, fd), `notify ${path}`));
}

/**
 * Sends one datagram with the end of a pipe, and waits until the receiver has closed that, or `timeout` milliseconds.
 * Used for sd_notify_barrier(3).
 */
export function sendBarrier(path: string, payload: string, timeout: number): void {
  const ends = new Int32Array(2);
  check(libc().pipe2(ptr(ends), O_CLOEXEC), "pipe");
  const [readEnd = -1, writeEnd = -1] = ends;
  try {
    withDatagramSocket((fd) => check(sendWithDescriptor(fd, path, payload, writeEnd), `notify ${path}`));
  } finally {
    libc().close(writeEnd);
  }
  // struct pollfd; a pipe that nobody can write to any more is reported without being asked for (POLLHUP).
  libc().poll(ptr(new Int32Array([readEnd, 0])), 1n, timeout);
  libc().close(readEnd);
}

/** sendmsg(2) with SCM_RIGHTS. */
function sendWithDescriptor(socket: number, path: string, payload: string, fd: number): number | bigint {
  const SOL_SOCKET = 1;
  const SCM_RIGHTS = 1;
  const address = unixAddress(path);
  const message = Buffer.from(payload);
  const vector = new BigUint64Array([BigInt(ptr(message)), BigInt(message.length)]);
  // struct cmsghdr: its length with the data, level and type, then the descriptor, padded to 8 bytes.
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(fd, 16);
  // struct msghdr: name, its length, vector, its length, control, its length, flags.
  const header = new BigUint64Array(
    [ptr(address), address.length, ptr(vector), 1, ptr(control), control.length, 0].map(BigInt),
  );
  return libc().sendmsg(socket, ptr(header), 0);
}

/** The flags among nosuid, nodev and noexec of the mount that `path` is on (statvfs(3)). */
export function mountFlags(path: string): ("nosuid" | "nodev" | "noexec")[] {
  // f_flag is the tenth of glibc's 64-bit fields; ST_NOSUID, ST_NODEV, ST_NOEXEC are 2, 4, 8.
  const facts = new BigUint64Array(16);
  check(libc().statvfs(ptr(cString(path)), ptr(facts)), `statvfs ${path}`);
  const flags = Number((facts[9] ?? 0n) & 0xffn);
  return (["nosuid", "nodev", "noexec"] as const).filter((_, index) => (flags & (2 << index)) !== 0);
}

/** umount2(2) with MNT_DETACH. Nothing happens where nothing is mounted. */
export function detachMount(path: string): void {
  const MNT_DETACH = 2;
  const result = libc().umount2(ptr(cString(path)), MNT_DETACH);
  if (result === 0) return;
  const name = errnoName();
  if (name !== "EINVAL" && name !== "ENOENT") throw new RuntimeError("syscall", `unmount ${path}: ${name}`);
}

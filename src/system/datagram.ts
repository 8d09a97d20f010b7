/** Datagrams to unix sockets, unix(7): sd_notify(3) and the journal's protocol. */
import { O_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from "./constants.ts";
import { check, lastErrno, lastFailure, libc, ptr } from "./libc.ts";

// <sys/socket.h>
const AF_UNIX = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const MSG_CTRUNC = 0x8n;
const MSG_TRUNC = 0x20n;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
// <poll.h>
const POLLIN = 1;

/** sizeof(struct cmsghdr) */
const CONTROL_HEADER = 16;

/** Room for the credentials and the most descriptors that a message can have (SCM_MAX_FD, 253): bytes. */
const CONTROL_SPACE = 32 + CONTROL_HEADER + 4 * 254;

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
  const fd = check(libc("socket")(AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0), "socket");
  try {
    act(fd);
  } finally {
    libc("close")(fd);
  }
}

/** Sends one datagram to a unix socket. Used for sd_notify(3). Throws "syscall". */
export function sendDatagram(path: string, payload: string): void {
  const address = unixAddress(path);
  const message = Buffer.from(payload);
  withDatagramSocket((fd) => {
    const sent = libc("sendto")(fd, ptr(message), message.length, 0, ptr(address), address.length);
    check(sent, `notify ${path}`);
  });
}

/** Sends one datagram with a file descriptor to a unix socket: FDSTORE=1 of sd_notify(3). Throws "syscall". */
export function sendDescriptor(path: string, payload: string, fd: number): void {
  sendMessage(path, Buffer.from(payload), { fds: [fd] });
}

/** The process that a datagram is from, or is said to be from: struct ucred of unix(7). */
export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Sends one datagram with file descriptors, and in the name of another process, which takes CAP_SYS_ADMIN and, for its
 * user, CAP_SETUID and CAP_SETGID (unix(7), SCM_CREDENTIALS). Throws "syscall", with ESRCH for a PID that is not there.
 */
export function sendMessage(
  path: string,
  payload: Uint8Array,
  { fds = [], credentials }: { readonly fds?: readonly number[]; readonly credentials?: Credentials },
): void {
  const parts: Buffer[] = [];
  if (fds.length > 0) parts.push(controlMessage(SCM_RIGHTS, fds));
  if (credentials !== undefined)
    parts.push(controlMessage(SCM_CREDENTIALS, [credentials.pid, credentials.uid, credentials.gid]));
  const address = unixAddress(path);
  const header = messageHeader(address, payload, Buffer.concat(parts));
  withDatagramSocket((socket) => check(libc("sendmsg")(socket, ptr(header), 0), `notify ${path}`));
}

/**
 * Sends one datagram with the write end of a pipe, then waits until the receiver has closed it, at most `timeout`
 * milliseconds. Used for sd_notify_barrier(3). Throws "syscall".
 */
export function sendBarrier(path: string, payload: string, timeout: number): void {
  const ends = new Int32Array(2);
  check(libc("pipe2")(ptr(ends), O_CLOEXEC), "pipe");
  const [readEnd = -1, writeEnd = -1] = ends;
  try {
    sendDescriptor(path, payload, writeEnd);
  } finally {
    libc("close")(writeEnd);
  }
  // poll(2) always reports POLLHUP, which a pipe without a writer gives.
  pollOne(readEnd, 0, timeout);
  libc("close")(readEnd);
}

/** A datagram from a socket with SO_PASSCRED. The receiver has to close the descriptors. */
export interface Datagram {
  readonly payload: Buffer;
  /** Undefined if the kernel gave none. */
  readonly sender: Credentials | undefined;
  readonly fds: readonly number[];
  /** Whether the datagram, or its descriptors, were more than there was room for. */
  readonly truncated: boolean;
}

/**
 * Takes a datagram of at most `limit` bytes from a socket; undefined if none is waiting. Does not block. Throws
 * "syscall".
 */
export function receiveDatagram(socket: number, limit: number): Datagram | undefined {
  const payload = Buffer.alloc(limit);
  const control = Buffer.alloc(CONTROL_SPACE);
  const header = messageHeader(undefined, payload, control);
  const received = Number(libc("recvmsg")(socket, ptr(header), MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  if (received < 0) {
    const errno = lastErrno();
    if (errno === "EAGAIN" || errno === "EINTR") return undefined;
    throw lastFailure("receive a datagram", errno);
  }
  const [, , , , , controlLength = 0n, flags = 0n] = header;
  const messages = parseControl(control.subarray(0, Number(controlLength)));
  const [pid, uid, gid] = messages.get(SCM_CREDENTIALS) ?? [];
  return {
    payload: payload.subarray(0, received),
    sender: pid === undefined || uid === undefined || gid === undefined ? undefined : { pid, uid, gid },
    fds: messages.get(SCM_RIGHTS) ?? [],
    truncated: (flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0n,
  };
}

/** Waits until something can be read from a descriptor; false after `timeout` milliseconds without. */
export function waitReadable(fd: number, timeout: number): boolean {
  return pollOne(fd, POLLIN, timeout) > 0;
}

function pollOne(fd: number, events: number, timeout: number): number {
  return libc("poll")(ptr(new Int32Array([fd, events])), 1n, timeout);
}

/** struct msghdr: name, its length, vector, its length, control, its length, flags. */
function messageHeader(address: Buffer | undefined, payload: Uint8Array, control: Buffer): BigUint64Array {
  // An empty buffer has no address.
  const vector = new BigUint64Array([payload.length === 0 ? 0n : BigInt(ptr(payload)), BigInt(payload.length)]);
  const header = new BigUint64Array(
    [
      address === undefined ? 0 : ptr(address),
      address?.length ?? 0,
      ptr(vector),
      1,
      control.length === 0 ? 0 : ptr(control),
      control.length,
      0,
    ].map(BigInt),
  );
  referenced.set(header, [address, payload, vector, control]);
  return header;
}

/** What a header points to, so that the collector leaves it where it is as long as the header is in use. */
const referenced = new WeakMap<BigUint64Array, readonly unknown[]>();

/** struct cmsghdr: its length with the data, level and type; then the data, padded to 8 bytes. */
function controlMessage(type: number, data: readonly number[]): Buffer {
  const length = CONTROL_HEADER + 4 * data.length;
  const message = Buffer.alloc(aligned(length));
  message.writeBigUInt64LE(BigInt(length), 0);
  message.writeInt32LE(SOL_SOCKET, 8);
  message.writeInt32LE(type, 12);
  for (const [at, value] of data.entries()) message.writeUInt32LE(value, CONTROL_HEADER + 4 * at);
  return message;
}

/** The 32-bit numbers of each control message, by type. */
function parseControl(control: Buffer): Map<number, number[]> {
  const messages = new Map<number, number[]>();
  for (let at = 0; at + CONTROL_HEADER <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < CONTROL_HEADER) break;
    const data: number[] = [];
    const end = Math.min(at + length, control.length);
    for (let place = at + CONTROL_HEADER; place + 4 <= end; place += 4) data.push(control.readUInt32LE(place));
    if (control.readInt32LE(at + 8) === SOL_SOCKET) messages.set(control.readInt32LE(at + 12), data);
    at += aligned(length);
  }
  return messages;
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/** Datagrams to unix sockets, unix(7): sd_notify(3) and the journal's protocol. */
import { O_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from "./constants.ts";
import { check, libc, ptr } from "./libc.ts";

// <sys/socket.h>
const AF_UNIX = 1;
const SCM_RIGHTS = 1;

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
  withDatagramSocket((socket) => check(sendWithDescriptor(socket, path, payload, fd), `notify ${path}`));
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
    withDatagramSocket((fd) => check(sendWithDescriptor(fd, path, payload, writeEnd), `notify ${path}`));
  } finally {
    libc("close")(writeEnd);
  }
  // struct pollfd; poll(2) always reports POLLHUP, which a pipe without a writer gives.
  libc("poll")(ptr(new Int32Array([readEnd, 0])), 1n, timeout);
  libc("close")(readEnd);
}

/** sendmsg(2) with SCM_RIGHTS. */
function sendWithDescriptor(socket: number, path: string, payload: string, fd: number): number | bigint {
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
  return libc("sendmsg")(socket, ptr(header), 0);
}

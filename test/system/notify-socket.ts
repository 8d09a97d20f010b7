import { check, libc, ptr } from "../../src/system/libc.ts";

/** A datagram socket with a path and SO_PASSCRED, as systemd listens on and hands over. */
export function notifySocket(path: string): number {
  const socket = check(libc("socket")(1, 2, 0), "socket");
  const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(`${path}\0`)]);
  check(libc("bind")(socket, ptr(address), address.length), "bind");
  check(libc("setsockopt")(socket, 1, 16, ptr(new Int32Array([1])), 4), "setsockopt");
  return socket;
}

/** Binding an internet socket for a moment, bind(2), to find out whether a port is free. */

import { parseAddress } from "../ip-address.ts";
import { O_CLOEXEC, SOCK_DGRAM, SOL_SOCKET } from "./constants.ts";
import { lastErrno, libc, ptr } from "./libc.ts";

// <sys/socket.h>, <netinet/in.h>
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const IPPROTO_SCTP = 132;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/**
 * Binds a socket to a port of `host`, an IP address, and closes it. Returns the errno name of the failure (EADDRINUSE,
 * EADDRNOTAVAIL …), undefined on success.
 */
export function tryBind(protocol: "tcp" | "udp" | "sctp", host: string, port: number): string | undefined {
  const name = socketAddress(host, port);
  if (name === undefined) return "EINVAL";
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const family = name.readUInt16LE(0);
  const fd = libc("socket")(family, type | O_CLOEXEC, protocol === "sctp" ? IPPROTO_SCTP : 0);
  if (fd < 0) return lastErrno();
  try {
    const on = new Int32Array([1]);
    // Ignores closing connections but not listeners (socket(7)); for UDP it would allow two sockets on one port.
    if (protocol !== "udp") libc("setsockopt")(fd, SOL_SOCKET, SO_REUSEADDR, ptr(on), 4);
    if (family === AF_INET6) libc("setsockopt")(fd, IPPROTO_IPV6, IPV6_V6ONLY, ptr(on), 4);
    return libc("bind")(fd, ptr(name), name.length) === 0 ? undefined : lastErrno();
  } finally {
    libc("close")(fd);
  }
}

/** sockaddr_in of ip(7), sockaddr_in6 of ipv6(7). */
function socketAddress(host: string, port: number): Buffer | undefined {
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const buffer = Buffer.alloc(address.family === 4 ? 16 : 28);
  buffer.writeUInt16LE(address.family === 4 ? AF_INET : AF_INET6, 0);
  buffer.writeUInt16BE(port, 2);
  const bytes = address.value.toString(16).padStart(address.family === 4 ? 8 : 32, "0");
  buffer.write(bytes, address.family === 4 ? 4 : 8, "hex");
  return buffer;
}

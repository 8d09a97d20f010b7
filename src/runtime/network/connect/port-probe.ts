import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { parseAddress } from "../../../ip-address.ts";
import type { PortMapping } from "../../../options/requests/run-request.ts";

// <sys/socket.h>, <netinet/in.h>
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_SCTP = 132;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

let loaded: ReturnType<typeof load> | undefined;

function load() {
  return dlopen("libc.so.6", {
    __errno_location: { args: [], returns: "ptr" },
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  }).symbols;
}

/**
 * Whether this machine's network has a port of an address free: `taken` where a process listens there, `no-address`
 * where the address is not this machine's. An empty address stands for all. What only the firewall does with a port it
 * does not see.
 */
export function probePort(
  protocol: PortMapping["protocol"],
  address: string,
  port: number,
): "free" | "taken" | "no-address" {
  const hosts = address === "" ? ["0.0.0.0", "::"] : [address];
  const found = hosts.map((host) => bindOnce(protocol, host, port));
  if (found.includes("EADDRINUSE")) return "taken";
  // All addresses of a kind that the kernel has not got are free.
  return address !== "" && found.includes("EADDRNOTAVAIL") ? "no-address" : "free";
}

/** Binds a socket for a moment. Returns the errno's name, undefined where it went well. */
function bindOnce(protocol: PortMapping["protocol"], host: string, port: number): string | undefined {
  loaded ??= load();
  const libc = loaded;
  const name = socketAddress(host, port);
  if (name === undefined) return "EINVAL";
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const family = name.readUInt16LE(0);
  const fd = libc.socket(family, type | SOCK_CLOEXEC, protocol === "sctp" ? IPPROTO_SCTP : 0);
  if (fd < 0) return errno(libc);
  try {
    const on = new Int32Array([1]);
    // Connections that are just ending are no obstacle, but listeners are (socket(7)); of UDP's, this would allow two.
    if (protocol !== "udp") libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ptr(on), 4);
    if (family === AF_INET6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ptr(on), 4);
    return libc.bind(fd, ptr(name), name.length) === 0 ? undefined : errno(libc);
  } finally {
    libc.close(fd);
  }
}

function errno(libc: ReturnType<typeof load>): string {
  const location = libc.__errno_location();
  const value = location === null ? 0 : read.i32(location as Pointer, 0);
  return Object.entries(constants.errno).find(([, number]) => number === value)?.[0] ?? `errno ${value}`;
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

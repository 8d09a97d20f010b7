/** The state of a listening socket in these tables: TCP_LISTEN, <net/tcp_states.h>. */
const LISTENING = "0A";
const ANY6 = "0".repeat(32);
/** ::1 as /proc/net/if_inet6 prints it: the bytes in order. */
const LOOPBACK6 = `${"0".repeat(31)}1`;

/** The tables of a network namespace as the kernel prints them (proc_pid_net(5)): tcp, tcp6 and if_inet6. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
  readonly addresses6: string;
}

/**
 * The address at which the listener on TCP `port` can be reached from inside the namespace: the loopback address for a
 * listener on all addresses, otherwise the listener's own. Undefined if nothing listens.
 */
export function listeningAddress(tables: SocketTables, port: number): string | undefined {
  const [ipv4] = listeners(tables.tcp, port).sort();
  if (ipv4 !== undefined) return ipv4 === "00000000" ? "127.0.0.1" : formatIpv4(ipv4);
  const [ipv6] = listeners(tables.tcp6, port).sort();
  if (ipv6 === undefined) return undefined;
  if (ipv6 !== ANY6) return formatIpv6(ipv6);
  // With IPv6 turned off, programs can still listen on its "any" address, and IPv4 connections arrive there.
  return tables.addresses6.includes(LOOPBACK6) ? "::1" : "127.0.0.1";
}

/** The listening addresses at `port`, as the table prints them. */
function listeners(table: string, port: number): string[] {
  return table.split("\n").flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", localPort = ""] = local.split(":");
    return state === LISTENING && Number.parseInt(localPort, 16) === port ? [address] : [];
  });
}

/** The kernel prints each group of four bytes as a number in the machine's byte order, which is little-endian. */
function bytesOf(address: string): number[] {
  const words = address.match(/.{8}/g) ?? [];
  return words.flatMap((word) => (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse());
}

function formatIpv4(address: string): string {
  return bytesOf(address).join(".");
}

function formatIpv6(address: string): string {
  const bytes = bytesOf(address);
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(":");
}

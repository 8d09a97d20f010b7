import { readIfThere } from "../../../system/files.ts";

/*
 * The MAC address and the client identifier by which a DHCP server recognizes a container. They are derived from the
 * container's name and the machine's ID, so they are the same at each start: a restart neither changes the address nor
 * uses up another one.
 */

/** A MAC address for a container's interface in a network: locally administered and unicast. */
export function stableMac(container: string, network: string): string {
  const bytes = digest(`${container}\n${network}`).match(/../g) ?? [];
  const first = ((Number.parseInt(bytes[0] ?? "0", 16) & 0xfc) | 0x02).toString(16).padStart(2, "0");
  return [first, ...bytes.slice(1, 6)].join(":");
}

/** A client identifier: 32 hexadecimal digits, as many as in a container's ID. */
export function stableClientId(container: string): string {
  return digest(container).slice(0, 32);
}

function digest(text: string): string {
  const machine = readIfThere("/etc/machine-id") ?? "";
  return new Bun.CryptoHasher("sha256").update(`berth\n${machine.trim()}\n${text}`).digest("hex");
}

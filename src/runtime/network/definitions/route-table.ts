import { parseSubnet, type Subnet } from "../../../ip-address.ts";

/*
 * The kernel's main routing tables, proc_pid_net(5), without default routes, single IPv6 addresses and the routes of
 * the loopback interface.
 */

/** A route to a subnet by an interface. */
export interface Route {
  readonly device: string;
  readonly subnet: Subnet;
}

/** The routes in /proc/net/route. */
export function parseIpv4Routes(table: string): Route[] {
  const [, ...lines] = table.trimEnd().split("\n");
  return lines.flatMap((line) => {
    const [device = "", destination = "", , , , , , mask = ""] = line.split("\t");
    const bits = bytesOf(mask)
      .map((byte) => byte.toString(2).replaceAll("0", "").length)
      .reduce((sum, count) => sum + count, 0);
    return route(device, `${bytesOf(destination).join(".")}/${bits}`);
  });
}

/** Four bytes as one number in the machine's byte order, little-endian: the last byte comes first. */
function bytesOf(hex: string): number[] {
  return (hex.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
}

/** The routes in /proc/net/ipv6_route. */
export function parseIpv6Routes(table: string): Route[] {
  return table
    .trimEnd()
    .split("\n")
    .flatMap((line) => {
      const [destination = "", length = "", ...rest] = line.split(/\s+/);
      const device = rest.at(-1) ?? "";
      return route(device, `${(destination.match(/.{4}/g) ?? []).join(":")}/${Number.parseInt(length, 16)}`);
    });
}

function route(device: string, text: string): Route[] {
  const subnet = parseSubnet(text);
  if (subnet === undefined || device === "lo" || subnet.bits === 0) return [];
  // Link-local and multicast addresses are on every interface.
  if (subnet.family === 6 && (subnet.bits === 128 || subnet.base >> 118n === 0x3fan || subnet.base >> 120n === 0xffn))
    return [];
  return [{ device, subnet }];
}

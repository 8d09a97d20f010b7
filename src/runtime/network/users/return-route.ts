import { familyOf } from "../../../ip-address.ts";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import { RuntimeError } from "../../error.ts";

/** The name of pasta's interface where pasta only brings in connections to published ports. */
export const PUBLISH_INTERFACE = "pasta0";

/** The other end of that interface: link-local addresses that no machine has there. */
export const PUBLISH_GATEWAY = { ipv4: "169.254.77.1", ipv6: "fe80::77:1" } as const;

/** The routing table for answers by that interface. */
const TABLE = 7700;

/** Published ports of a container that has other interfaces besides, and the addresses that they lead to. */
export interface ReturnRoute {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly ports: readonly PortMapping[];
}

/** Ports lead to the first address of each family. Throws "network" for a container without an address. */
export function returnRouteOf(addresses: readonly string[], ports: readonly PortMapping[]): ReturnRoute {
  const ipv4 = addresses.find((address) => familyOf(address) === 4);
  const ipv6 = addresses.find((address) => familyOf(address) === 6);
  if (ipv4 === undefined && ipv6 === undefined)
    throw new RuntimeError("network", "ports cannot be published: the container has no address");
  return { ipv4, ipv6, ports };
}

/**
 * A shell script that routes answers from published ports by PUBLISH_INTERFACE, and all else by the container's other
 * interfaces (ip-rule(8)): rules by the source port, for a datagram's source address is not set yet when its route is
 * looked up. Machines on one of the container's own networks get their answers there: the main table without its
 * default route comes first.
 */
export function returnRouteScript({ ipv4, ipv6, ports }: ReturnRoute): string {
  return [
    `ip link set ${PUBLISH_INTERFACE} up`,
    // Connections come in there from any address, where the main table would not look for it.
    `echo 0 > /proc/sys/net/ipv4/conf/${PUBLISH_INTERFACE}/rp_filter`,
    ...(ipv4 === undefined ? [] : familyRules("-4", ipv4, PUBLISH_GATEWAY.ipv4, ports)),
    ...(ipv6 === undefined ? [] : familyRules("-6", ipv6, PUBLISH_GATEWAY.ipv6, ports)),
  ].join("\n");
}

function familyRules(flag: "-4" | "-6", address: string, gateway: string, ports: readonly PortMapping[]): string[] {
  return [
    `ip ${flag} route add default via ${gateway} dev ${PUBLISH_INTERFACE} onlink src ${address} table ${TABLE}`,
    `ip ${flag} rule add priority 7700 lookup main suppress_prefixlength 0`,
    ...ports.map(({ protocol, containerPort, range }) => {
      const sport = range === 1 ? `${containerPort}` : `${containerPort}-${containerPort + range - 1}`;
      return `ip ${flag} rule add priority 7701 ipproto ${protocol} sport ${sport} lookup ${TABLE}`;
    }),
  ];
}

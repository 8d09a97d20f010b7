import type { PortMapping } from "../../../options/requests/run-request.ts";

/** What pasta's interface is called where it only brings in what comes to published ports. */
export const PUBLISH_INTERFACE = "pasta0";

/** The other side of that interface: link-local addresses that nobody else has there. */
export const PUBLISH_GATEWAY = { ipv4: "169.254.77.1", ipv6: "fe80::77:1" } as const;

/** The routing table of what goes back by that interface. */
const TABLE = 7700;

/** Published ports of a container that has other interfaces besides. */
export interface ReturnRoute {
  /** The container's addresses that ports lead to. */
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly ports: readonly PortMapping[];
}

/**
 * Commands that let answers from published ports leave by PUBLISH_INTERFACE, and all else by the container's other
 * interfaces (ip-rule(8)): rules by the source port, for a datagram's sender has no address yet when its way is looked
 * up. Who is on one of the container's own networks is answered there: the main table without its default route comes
 * first.
 */
export function returnRouteScript({ ipv4, ipv6, ports }: ReturnRoute): string {
  const family = (flag: "-4" | "-6", address: string | undefined, gateway: string): string[] =>
    address === undefined
      ? []
      : [
          `ip ${flag} route add default via ${gateway} dev ${PUBLISH_INTERFACE} onlink src ${address} table ${TABLE}`,
          `ip ${flag} rule add priority 7700 lookup main suppress_prefixlength 0`,
          ...ports.map(({ protocol, containerPort, range }) => {
            const last = containerPort + range - 1;
            const sport = range === 1 ? `${containerPort}` : `${containerPort}-${last}`;
            return `ip ${flag} rule add priority 7701 ipproto ${protocol} sport ${sport} lookup ${TABLE}`;
          }),
        ];
  return [
    `ip link set ${PUBLISH_INTERFACE} up`,
    // What comes in there comes from anywhere, which is not where the main table would look for it.
    `echo 0 > /proc/sys/net/ipv4/conf/${PUBLISH_INTERFACE}/rp_filter`,
    ...family("-4", ipv4, PUBLISH_GATEWAY.ipv4),
    ...family("-6", ipv6, PUBLISH_GATEWAY.ipv6),
  ].join("\n");
}

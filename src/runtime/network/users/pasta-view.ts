import { familyOf } from "../../../ip-address.ts";
import type { Refuse } from "../../../json.ts";
import { fields, list, optional, orElse, text } from "../../../json-fields.ts";
import type { NetworkView } from "../names/etc-files.ts";
import type { Address } from "../names/host-address.ts";
import type { PastaCommand } from "./pasta-arguments.ts";

/** The output of `ip -json address`, ip-address(8). */
const shownLinks = list(
  fields<{ addr_info?: readonly { family: string; local: string; scope: string }[] }>({
    addr_info: optional(list(fields({ family: orElse(text, ""), local: orElse(text, ""), scope: orElse(text, "") }))),
  }),
);

/** The global addresses in the output of `ip -json address`. Calls `refuse` with the reason where it is malformed. */
export function addressesInside(shown: string, refuse: Refuse): Address[] {
  return shownLinks(JSON.parse(shown), "", refuse)
    .flatMap(({ addr_info = [] }) => addr_info)
    .filter(({ scope }) => scope === "global")
    .map(({ local, family }) => ({ address: local, family: family === "inet" ? "IPv4" : "IPv6" }));
}

/**
 * What a namespace that pasta has connected contributes to /etc/hosts and /etc/resolv.conf: `inside` are its addresses,
 * `host` those of the host. Of pasta's own addresses those count whose family the namespace has.
 */
export function pastaView(ran: PastaCommand, inside: readonly Address[], host: readonly Address[]): NetworkView {
  const addresses = inside.map(({ address }) => address);
  const has = (own: string): boolean => addresses.some((address) => familyOf(address) === familyOf(own));
  // If pasta cannot give the host an address of its own, the host is reached by any that the namespace does not have.
  const other = host.find(({ address, family }) => family === "IPv4" && !addresses.includes(address));
  return {
    addresses,
    nameServers: [],
    searchDomains: [],
    gateway: ran.hostAddresses.find(has) ?? other?.address,
    resolvers: ran.resolvers.filter(has),
  };
}

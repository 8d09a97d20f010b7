import type { Scope } from "../../scope.ts";
import type { NetworkDefinition } from "../../state/network-definition.ts";
import { leaseHolders } from "./connect/address-leases.ts";
import { type ConnectionRecord, listOwners, surveyConnections } from "./connect/connection-record.ts";

/** The containers and pods in a network, or just being connected to it, whose records can be read. */
export function networkUsers(scope: Scope, name: string): ConnectionRecord[] {
  return surveyConnections(scope).records.filter(({ networks }) => networks.includes(name));
}

/**
 * The names of all containers and pods in a network, or just being connected to it. Of a record that cannot be read the
 * leases say whether its owner is among them; in a network whose addresses berth does not lease it counts as one.
 */
export function namesOfUsers(scope: Scope, { name, ipam_options: ipam }: NetworkDefinition): string[] {
  const { records, unread } = surveyConnections(scope);
  const names = records.filter(({ networks }) => networks.includes(name)).map((record) => record.name);
  if (unread.length === 0) return names;
  const known = new Set(records.map(({ owner }) => owner));
  const others = listOwners(scope).filter((owner) => !known.has(owner));
  const holders = ipam.driver === "host-local" ? leaseHolders(scope, name) : new Set(others);
  return [...names, ...others.filter((owner) => holders.has(owner))];
}

/** What podman's `network inspect` shows: the definition, and the addresses of the containers in the network. */
export function describeNetwork(scope: Scope, definition: NetworkDefinition): object {
  const containers = networkUsers(scope, definition.name).flatMap((record) => {
    const interfaces = describeInterfaces(record, definition);
    return interfaces === undefined ? [] : [[record.owner, { name: record.name, interfaces }] as const];
  });
  return {
    ...definition,
    // Empty rather than absent, as a template takes an absent member for an unknown one.
    network_interface: definition.network_interface ?? "",
    network_dns_servers: definition.network_dns_servers ?? [],
    containers: Object.fromEntries(containers),
  };
}

/** The interfaces of one owner in a network, by name; undefined while its addresses are being leased. */
export function describeInterfaces(
  { request, given }: Pick<ConnectionRecord, "request" | "given">,
  { name, subnets }: NetworkDefinition,
): Readonly<Record<string, object>> | undefined {
  const attachment = request?.networks[name];
  if (attachment === undefined) return undefined;
  const leased = attachment.static_ips.map((address, index) => {
    const { subnet = "", gateway } = subnets[index] ?? {};
    return { ipnet: `${address}/${subnet.split("/")[1] ?? ""}`, ...(gateway === undefined ? {} : { gateway }) };
  });
  return {
    [attachment.interface_name]: {
      subnets: given?.[name]?.subnets ?? leased,
      mac_address: attachment.static_mac ?? "",
    },
  };
}

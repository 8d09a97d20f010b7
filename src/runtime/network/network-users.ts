import type { Scope } from "../../scope.ts";
import type { NetworkDefinition } from "../../state/network-definition.ts";
import { type ConnectionRecord, listConnections } from "./connect/connection-record.ts";

/** The containers and pods in a network, or just being connected to it. */
export function networkUsers(scope: Scope, name: string): ConnectionRecord[] {
  return listConnections(scope).filter(({ networks }) => networks.includes(name));
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

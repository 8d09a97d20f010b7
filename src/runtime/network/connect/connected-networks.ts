import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { CONTAINER_DOMAIN, type NetworkView } from "../names/etc-files.ts";
import type { GivenAddresses } from "./netavark-result.ts";

/** One network as an owner, a container or a pod, is connected to it. */
export interface ConnectedNetwork {
  readonly definition: NetworkDefinition;
  readonly interfaceName: string;
  /** One of each subnet, in the subnets' order; none before a DHCP server or a plugin has given them. */
  readonly addresses: readonly string[];
}

/** All networks and published ports of one owner. */
export interface ConnectedNetworks {
  readonly networks: readonly ConnectedNetwork[];
  readonly ports: readonly PortMapping[];
  /** For /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
}

/** What DHCP servers and plugins have given, by the networks' names. */
export type GivenByNetwork = Readonly<Record<string, GivenAddresses>>;

/** The addresses by the networks' names. */
export function addressesByNetwork(networks: readonly ConnectedNetwork[]): Record<string, readonly string[]> {
  return Object.fromEntries(networks.map(({ definition, addresses }) => [definition.name, addresses]));
}

/** The networks with the addresses that DHCP servers and plugins have given, without their prefix lengths. */
export function withGivenAddresses(networks: readonly ConnectedNetwork[], given: GivenByNetwork): ConnectedNetwork[] {
  return networks.map((network) => {
    const subnets = given[network.definition.name]?.subnets;
    return subnets === undefined
      ? network
      : { ...network, addresses: subnets.map(({ ipnet }) => ipnet.split("/")[0] ?? "") };
  });
}

/** What an owner's networks contribute to its /etc/hosts and /etc/resolv.conf. */
export function viewOf(networks: readonly ConnectedNetwork[], given: GivenByNetwork = {}): NetworkView {
  const gateways = (network: NetworkDefinition) => network.subnets.flatMap(({ gateway }) => gateway ?? []);
  const leases = networks.flatMap(({ definition }) => given[definition.name] ?? []);
  // The gateway of macvlan and ipvlan is a router of the network outside, not this machine.
  const bridges = networks.map(({ definition }) => definition).filter(({ driver }) => driver === "bridge");
  const named = bridges.filter(({ dns_enabled: dns }) => dns);
  return {
    addresses: networks.flatMap(({ addresses }) => addresses),
    gateway: bridges.flatMap(gateways)[0],
    nameServers: [...named.flatMap(gateways), ...leases.flatMap(({ nameServers }) => nameServers)],
    searchDomains: [
      ...(named.length === 0 ? [] : [CONTAINER_DOMAIN]),
      ...leases.flatMap(({ searchDomains }) => searchDomains),
    ],
    resolvers: [],
  };
}

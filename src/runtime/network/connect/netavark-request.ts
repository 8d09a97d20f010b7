import type { NetworkAttachment, PortMapping } from "../../../options/requests/run-request.ts";
import { type NetworkDefinition, usesDhcp, usesPlugin } from "../../../state/network-definition.ts";
import type { ConnectedNetwork } from "./connected-networks.ts";
import { stableMac } from "./dhcp-identity.ts";

/** The request for one container that `netavark setup` and `teardown` read on standard input. */
export interface NetavarkRequest {
  readonly container_id: string;
  readonly container_name: string;
  /** The host name for DHCP servers. */
  readonly container_hostname?: string;
  readonly port_mappings: readonly NetavarkPort[];
  readonly networks: Readonly<Record<string, NetavarkAttachment>>;
  readonly network_info: Readonly<Record<string, NetworkDefinition>>;
  /** Resolvers for this container alone, for names other than those of containers. */
  readonly dns_servers?: readonly string[];
}

/** A published port, or `range` of them. An empty `host_ip` stands for all addresses. */
export interface NetavarkPort {
  readonly container_port: number;
  readonly host_ip: string;
  readonly host_port: number;
  readonly protocol: string;
  readonly range: number;
}

/** A container's interface in one network. */
export interface NetavarkAttachment {
  readonly static_ips: readonly string[];
  readonly static_mac?: string;
  readonly interface_name: string;
  readonly aliases: readonly string[];
}

/** The networks and ports of one container, or one pod. */
export interface ConnectRequest {
  /**
   * The ID of the container or the pod, by which disconnect() finds the connection. It becomes part of file names, and
   * is the container's ID to netavark.
   */
  readonly owner: string;
  /** The container's name, which is its DNS name too. */
  readonly name: string;
  /** The host name for DHCP servers. */
  readonly hostname: string;
  readonly networks: readonly NetworkAttachment[];
  /** A host port of 0 stands for one of berth's choice. */
  readonly ports: readonly PortMapping[];
  /** Resolvers of its own, for names other than those of containers. */
  readonly dns: readonly string[];
  /**
   * Whether the caller calls finish() as soon as it can, with nothing slow before it: until then netavark's lock may be
   * held, under which all containers of the machine start and stop.
   */
  readonly atOnce: boolean;
}

/** The interfaces' names: those asked for, and else eth0, eth1… in the networks' order. */
export function interfaceNames(networks: readonly NetworkAttachment[]): string[] {
  const asked = new Set(networks.map(({ interfaceName }) => interfaceName));
  let next = 0;
  return networks.map(({ interfaceName }) => {
    if (interfaceName !== undefined) return interfaceName;
    while (asked.has(`eth${next}`)) next++;
    return `eth${next++}`;
  });
}

/** The request for netavark. Pure, but for MAC addresses that are random. */
export function netavarkRequest(request: ConnectRequest, connected: readonly ConnectedNetwork[]): NetavarkRequest {
  const networks = connected.map(({ definition, interfaceName, addresses }, index) => {
    const attachment = request.networks[index];
    const mac = attachment?.mac ?? (usesDhcp(definition) ? stableMac(request.name, definition.name) : randomMac());
    const options: NetavarkAttachment = {
      static_ips: addresses,
      // Interfaces of ipvlan have the MAC address of the device below.
      ...(definition.driver === "ipvlan" ? {} : { static_mac: mac }),
      interface_name: interfaceName,
      aliases: [...new Set([request.owner.slice(0, 12), ...(attachment?.aliases ?? [])])].filter(
        (alias) => alias !== request.name,
      ),
    };
    return [definition.name, options] as const;
  });
  return {
    container_id: request.owner,
    container_name: request.name,
    port_mappings: request.ports.map(
      (port): NetavarkPort => ({
        container_port: port.containerPort,
        host_ip: port.hostIp,
        host_port: port.hostPort,
        protocol: port.protocol,
        range: port.range,
      }),
    ),
    networks: Object.fromEntries(networks),
    network_info: Object.fromEntries(connected.map(({ definition }) => [definition.name, definition])),
    ...(request.dns.length === 0 ? {} : { dns_servers: request.dns }),
  };
}

/**
 * A locally administered unicast address. berth chooses it, so that an interface can be created again with the same
 * one.
 */
function randomMac(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Divides a request into the networks that netavark provides, those with addresses by DHCP, and those of plugins. */
export function divide(request: NetavarkRequest) {
  return {
    own: partOf(request, (definition) => !usesDhcp(definition) && !usesPlugin(definition)),
    dhcp: partOf(request, (definition) => usesDhcp(definition) && !usesPlugin(definition)),
    plugins: partOf(request, usesPlugin),
  };
}

/** The part of a request about the networks that satisfy `wanted`; undefined if there are none. */
export function partOf(
  request: NetavarkRequest,
  wanted: (definition: NetworkDefinition) => boolean,
): NetavarkRequest | undefined {
  const infos = Object.entries(request.network_info).filter(([, definition]) => wanted(definition));
  if (infos.length === 0) return undefined;
  const network_info = Object.fromEntries(infos);
  const networks = Object.entries(request.networks).filter(([name]) => network_info[name] !== undefined);
  return { ...request, networks: Object.fromEntries(networks), network_info };
}

/** The interfaces of a request. */
export function interfacesOf(request: NetavarkRequest): NetavarkAttachment[] {
  return Object.values(request.networks);
}

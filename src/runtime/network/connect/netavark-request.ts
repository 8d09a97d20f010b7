import type { NetworkAttachment, PortMapping } from "../../../options/requests/run-request.ts";
import { type NetworkDefinition, usesDhcp, usesPlugin } from "../../../state/network-definition.ts";
import { RuntimeError } from "../../error.ts";
import type { ConnectedNetwork } from "./connected-networks.ts";
import { stableMac } from "./dhcp-identity.ts";

/** netavark's request for one container: what `netavark setup` and `teardown` read on standard input. */
export interface NetavarkRequest {
  readonly container_id: string;
  readonly container_name: string;
  /** What a DHCP server is told. */
  readonly container_hostname?: string;
  readonly port_mappings: readonly NetavarkPort[];
  readonly networks: Readonly<Record<string, NetavarkAttachment>>;
  readonly network_info: Readonly<Record<string, NetworkDefinition>>;
  /** Resolvers of this container alone, for names that are no container's. */
  readonly dns_servers?: readonly string[];
}

export interface NetavarkPort {
  readonly container_port: number;
  readonly host_ip: string;
  readonly host_port: number;
  readonly protocol: string;
  readonly range: number;
}

export interface NetavarkAttachment {
  readonly static_ips: readonly string[];
  readonly static_mac?: string;
  readonly interface_name: string;
  readonly aliases: readonly string[];
}

/** What one container, or one pod, is to be connected to. */
export interface ConnectRequest {
  /**
   * Whom the connection belongs to, and by what disconnect() finds it: a container's ID, or a name that no container's
   * ID can be. It becomes part of file names, and netavark takes it for the container's ID.
   */
  readonly owner: string;
  /** The container's name, by which others in a network with DNS find it. */
  readonly name: string;
  /** What DHCP servers are told. */
  readonly hostname: string;
  readonly networks: readonly NetworkAttachment[];
  /** Where the host's port is 0 one is chosen. */
  readonly ports: readonly PortMapping[];
  /** Resolvers of its own, for names that are no container's. */
  readonly dns: readonly string[];
  /**
   * Whether finish() is called as soon as the caller can, with nothing in between that may take long: the lock that all
   * containers of the machine start and stop under is held meanwhile.
   */
  readonly atOnce: boolean;
}

/** Interfaces are called eth0, eth1… in the networks' order, where nothing else is asked for. */
export function interfaceNames(networks: readonly NetworkAttachment[]): string[] {
  const asked = new Set(networks.map(({ interfaceName }) => interfaceName));
  let next = 0;
  return networks.map(({ interfaceName }) => {
    // The kernel would count up to a name of its own.
    if (interfaceName?.includes("%") === true)
      throw new RuntimeError("bad-request", `"${interfaceName}" is not a name for an interface`);
    if (interfaceName !== undefined) return interfaceName;
    while (asked.has(`eth${next}`)) next++;
    return `eth${next++}`;
  });
}

/** What netavark is asked for. */
export function netavarkRequest(request: ConnectRequest, connected: readonly ConnectedNetwork[]): NetavarkRequest {
  const networks = connected.map(({ definition, interfaceName, addresses }, index) => {
    const attachment = request.networks[index];
    const mac = attachment?.mac ?? (usesDhcp(definition) ? stableMac(request.name, definition.name) : randomMac());
    const options: NetavarkAttachment = {
      static_ips: addresses,
      // ipvlan's interfaces have the address of the device below.
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

/** A local unicast address; berth chooses it, so that an interface can be made again as it was. */
function randomMac(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** Networks that netavark connects by itself, those with addresses by DHCP, and those that plugins connect. */
export function divide(request: NetavarkRequest) {
  return {
    own: partOf(request, (definition) => !usesDhcp(definition) && !usesPlugin(definition)),
    dhcp: partOf(request, (definition) => usesDhcp(definition) && !usesPlugin(definition)),
    plugins: partOf(request, usesPlugin),
  };
}

/** What is in a request of the networks that satisfy `wanted`; undefined if there are none. */
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

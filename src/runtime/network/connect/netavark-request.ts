import type { NetworkAttachment, PortMapping } from "../../../options/requests/run-request.ts";
import { RuntimeError } from "../../error.ts";
import { type NetworkDefinition, usesDhcp, usesPlugin } from "../definitions/network-definition.ts";
import { stableMac } from "./dhcp-identity.ts";
import { type NetavarkAttachment, type NetavarkPort, type NetavarkRequest, partOf } from "./netavark.ts";

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

/** What an owner has in one network. */
export interface ConnectedNetwork {
  readonly definition: NetworkDefinition;
  readonly interfaceName: string;
  /** One of each subnet, in the subnets' order; none yet where a DHCP server gives them. */
  readonly addresses: readonly string[];
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

import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { findProgram } from "../programs.ts";
import type { NetworkAttachment, PortMapping } from "../run-request.ts";
import { DEFAULT_NETWORK, type NetworkDefinition } from "./definition.ts";
import { readDefinition, withDefinitionsLock } from "./definitions.ts";
import type { NetworkView } from "./etc-files.ts";
import { tearDownHostSide } from "./host-side.ts";
import { leaseAddresses, leasesDir, releaseAddress, releaseAddresses } from "./leases.ts";
import { removeAllMemberNames } from "./member-names.ts";
import type { NetworkNamespace } from "./namespace.ts";
import {
  type NetavarkAttachment,
  type NetavarkLock,
  type NetavarkPort,
  type NetavarkRequest,
  runNetavark,
  takeNetavarkLock,
} from "./netavark.ts";
import { checkPorts } from "./published-ports.ts";
import { listSetUps, readSetUp, removeSetUp, type SetUp, withPortsLock, writeSetUp } from "./set-up-file.ts";
import { joinSharedNetwork } from "./shared-namespace.ts";

/** What one container, or one pod, is to be connected to. */
export interface ConnectRequest {
  /**
   * Whom the connection belongs to, and by what {@link disconnect} finds it: a container's ID, or a name that no container's
   * ID can be. It becomes part of file names, and netavark takes it for the container's ID.
   */
  readonly owner: string;
  /** The container's name, by which others in a network with DNS find it. */
  readonly name: string;
  readonly networks: readonly NetworkAttachment[];
  readonly ports: readonly PortMapping[];
  /** Resolvers of its own, for names that are no container's. */
  readonly dns: readonly string[];
}

/** What an owner has in one network. */
export interface ConnectedNetwork {
  readonly definition: NetworkDefinition;
  readonly interfaceName: string;
  /** One of each subnet, in the subnets' order. */
  readonly addresses: readonly string[];
}

/** A namespace's place in its networks, while the set-up runs beside other work. */
export interface Connection {
  readonly namespace: NetworkNamespace;
  readonly networks: readonly ConnectedNetwork[];
  /** What is to be said of them in /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
  /**
   * Resolves once all interfaces are there and all ports are published; rejects with code "network". Netavark runs since
   * connect() if nobody else was setting up a network then, else from here on.
   */
  finish(): Promise<void>;
  /** Resolves once nothing is under way any more: what is still being made cannot be taken away. */
  settle(): Promise<void>;
}

/**
 * Connects a namespace to networks by netavark. Everything that disconnect() needs is on disk before anything is taken, so
 * that a process killed at any point leaves nothing that cleanup does not find. Throws "no-such-network", or "network" for an
 * address or a port that cannot be had.
 */
export function connect(scope: Scope, namespace: NetworkNamespace, request: ConnectRequest): Connection {
  findProgram("netavark");
  const setUp: SetUp = {
    owner: request.owner,
    name: request.name,
    networks: request.networks.map(({ name }) => name),
    ports: request.ports,
    request: undefined,
  };
  const definitions = openNetworks(scope, setUp);
  const interfaces = interfaceNames(request.networks);
  const networks = request.networks.map((attachment, index): ConnectedNetwork => {
    const definition = definitions[index];
    if (definition === undefined) throw new RuntimeError("no-such-network", `there is no network ${attachment.name}`);
    const addresses = leaseAddresses(scope, definition, request.owner, attachment.ips);
    return { definition, interfaceName: interfaces[index] ?? "", addresses };
  });
  const netavark = netavarkRequest(request, networks);
  writeSetUp(scope, { ...setUp, request: netavark });
  const run = (lock: NetavarkLock) => runNetavark(scope, "setup", namespace, netavark).finally(() => lock.close());
  const free = takeNetavarkLock(scope, false);
  let running = free === undefined ? undefined : run(free);
  // A failure is reported where it is waited for; until then it must not count as unhandled.
  running?.catch(() => undefined);
  return {
    namespace,
    networks,
    view: viewOf(networks),
    finish: () => {
      running ??= run(takeNetavarkLock(scope, true));
      return running;
    },
    settle: async () => running?.catch(() => undefined),
  };
}

/**
 * Takes away all that an owner has in networks: firewall rules, published ports, names, addresses. May be called at any time,
 * and again.
 */
export async function disconnect(scope: Scope, owner: string): Promise<void> {
  const setUp = readSetUp(scope, owner);
  if (setUp === undefined) return;
  const { request } = setUp;
  removeAllMemberNames(scope, owner);
  // A user's bridges are gone with their namespace.
  const there = scope.kind === "system" || joinSharedNetwork(scope);
  if (there && request !== undefined) await tearDownHostSide(scope, request);
  for (const network of setUp.networks) {
    const addresses = request?.networks[network]?.static_ips;
    // Killed while it took addresses: the leases alone tell which.
    if (addresses === undefined) releaseAddresses(leasesDir(scope, network), (other) => other === owner);
    else for (const address of addresses) releaseAddress(leasesDir(scope, network), address, owner);
  }
  removeSetUp(scope, owner);
}

/** Publishing is a firewall rule, which nothing refuses: a later one would be without effect, or hide a server of the host. */
function claimPorts(scope: Scope, setUp: SetUp): void {
  withPortsLock(scope, () => {
    const others = listSetUps(scope).filter(({ owner }) => owner !== setUp.owner);
    checkPorts(setUp.ports, others);
    writeSetUp(scope, setUp);
  });
}

function viewOf(networks: readonly ConnectedNetwork[]): NetworkView {
  const gateways = (network: NetworkDefinition) => network.subnets.flatMap(({ gateway }) => gateway ?? []);
  return {
    addresses: networks.flatMap(({ addresses }) => addresses),
    gateway: networks.flatMap(({ definition }) => gateways(definition))[0],
    nameServers: networks.flatMap(({ definition }) => (definition.dns_enabled ? gateways(definition) : [])),
    resolvers: [],
  };
}

/** Notes who is about to use networks, and reads their definitions: from then on they are not removed. */
function openNetworks(scope: Scope, setUp: SetUp): NetworkDefinition[] {
  const read = () => {
    const definitions = setUp.networks.map((name) => readDefinition(scope, name));
    if (setUp.ports.length === 0) writeSetUp(scope, setUp);
    else claimPorts(scope, setUp);
    return definitions;
  };
  // The default network, which most containers are in, cannot be removed.
  return setUp.networks.every((name) => name === DEFAULT_NETWORK) ? read() : withDefinitionsLock(scope, "shared", read);
}

/** Interfaces are called eth0, eth1… in the networks' order, where nothing else is asked for. */
function interfaceNames(networks: readonly NetworkAttachment[]): string[] {
  const asked = new Set(networks.map(({ interfaceName }) => interfaceName));
  let next = 0;
  return networks.map(({ interfaceName }) => {
    if (interfaceName !== undefined) return interfaceName;
    while (asked.has(`eth${next}`)) next++;
    return `eth${next++}`;
  });
}

function netavarkRequest(request: ConnectRequest, connected: readonly ConnectedNetwork[]): NetavarkRequest {
  const networks = connected.map(({ definition, interfaceName, addresses }, index) => {
    const attachment = request.networks[index];
    const mac = attachment?.mac ?? randomMac();
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

import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { findProgram } from "../programs.ts";
import type { NetworkAttachment, PortMapping } from "../run-request.ts";
import { byDhcp, byPlugin, DEFAULT_NETWORK, type NetworkDefinition } from "./definition.ts";
import { readDefinition, withDefinitionsLock } from "./definitions.ts";
import { CONTAINER_DOMAIN, type NetworkView } from "./etc-files.ts";
import { tearDownHostSide } from "./host-side.ts";
import { leaseAddresses, leasesDir, releaseAddress, releaseAddresses } from "./leases.ts";
import { removeAllMemberNames } from "./member-names.ts";
import type { NetworkNamespace } from "./namespace.ts";
import {
  type NetavarkAttachment,
  type NetavarkLock,
  type NetavarkPort,
  type NetavarkRequest,
  partOf,
  runNetavark,
  takeNetavarkLock,
} from "./netavark.ts";
import { checkPorts, chooseHostPorts } from "./published-ports.ts";
import {
  type GivenAddresses,
  listSetUps,
  readSetUp,
  removeSetUp,
  type SetUp,
  withPortsLock,
  writeSetUp,
} from "./set-up-file.ts";
import { joinSharedNetwork } from "./shared-namespace.ts";
import { stableMac } from "./stable-identity.ts";

/** What one container, or one pod, is to be connected to. */
export interface ConnectRequest {
  /**
   * Whom the connection belongs to, and by what {@link disconnect} finds it: a container's ID, or a name that no container's
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
   * Whether finish() is called as soon as the caller can, with nothing in between that may take long: the lock that all containers
   * of the machine start and stop under is held meanwhile.
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

/** What is known of a namespace's place in its networks. */
export interface ConnectedNetworks {
  readonly networks: readonly ConnectedNetwork[];
  readonly ports: readonly PortMapping[];
  /** What is to be said of them in /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
}

/** A namespace's place in its networks, while the set-up runs beside other work. */
export interface Connection extends ConnectedNetworks {
  readonly namespace: NetworkNamespace;
  /**
   * Resolves once all interfaces are there and all ports are published; rejects with code "network". Netavark runs since
   * connect() if that was asked `atOnce`, and nobody else was setting up a network then, else from here on. What only DHCP servers knew comes with it;
   * undefined where all was known before.
   */
  finish(): Promise<ConnectedNetworks | undefined>;
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
  const interfaces = interfaceNames(request.networks);
  const { definitions, setUp } = openNetworks(scope, {
    owner: request.owner,
    name: request.name,
    networks: request.networks.map(({ name }) => name),
    ports: request.ports,
    request: undefined,
  });
  const { ports } = setUp;
  const networks = request.networks.map((attachment, index): ConnectedNetwork => {
    const definition = definitions[index];
    if (definition === undefined) throw new RuntimeError("no-such-network", `there is no network ${attachment.name}`);
    if (definition.driver === "ipvlan" && attachment.mac !== undefined) {
      const hint = "they have that of the device below";
      throw new RuntimeError("network", `network ${definition.name}: interfaces of ipvlan get no mac (${hint})`);
    }
    const addresses = leaseAddresses(scope, definition, request.owner, attachment.ips);
    return { definition, interfaceName: interfaces[index] ?? "", addresses };
  });
  const netavark = netavarkRequest({ ...request, ports }, networks);
  writeSetUp(scope, { ...setUp, request: netavark });
  const parts = divide(netavark);
  const run = async (lock: NetavarkLock): Promise<ConnectedNetworks | undefined> => {
    let given: Record<string, GivenAddresses> = {};
    try {
      if (parts.own !== undefined) await runNetavark(scope, "setup", namespace, parts.own);
      if (parts.plugins !== undefined) {
        const { connectByPlugins } = await import("./plugins.ts");
        given = await connectByPlugins(scope, namespace, parts.plugins);
      }
    } finally {
      lock.close();
    }
    if (parts.dhcp !== undefined) {
      const { leaseByDhcp } = await import("./dhcp.ts");
      given = { ...given, ...(await leaseByDhcp(scope, namespace, parts.dhcp, request.hostname)) };
    }
    if (parts.dhcp === undefined && parts.plugins === undefined) return undefined;
    writeSetUp(scope, { ...setUp, request: netavark, given });
    const known = networks.map((network) => ({ ...network, addresses: addressesIn(network, given) }));
    return { networks: known, ports, view: viewOf(known, given) };
  };
  const free = request.atOnce ? takeNetavarkLock(scope, false) : undefined;
  let running = free === undefined ? undefined : run(free);
  // A failure is reported where it is waited for; until then it must not count as unhandled.
  running?.catch(() => undefined);
  return {
    namespace,
    networks,
    ports,
    view: viewOf(networks),
    finish: () => {
      running ??= run(takeNetavarkLock(scope, true));
      return running;
    },
    settle: async () => {
      await running?.catch(() => undefined);
    },
  };
}

/**
 * Takes away all that an owner has in networks: firewall rules, published ports, names, addresses. May be called at any time,
 * and again. Returns why a DHCP proxy or a plugin has not taken away what it made, if so: it is not asked again, for nobody knows what
 * is left, and the rest is given back all the same.
 */
export async function disconnect(scope: Scope, owner: string): Promise<RuntimeError | undefined> {
  const setUp = readSetUp(scope, owner);
  if (setUp === undefined) return undefined;
  const { request } = setUp;
  // Who puts rules back looks at this, and leaves them to the teardown that comes.
  if (setUp.ending !== true) writeSetUp(scope, { ...setUp, ending: true });
  removeAllMemberNames(scope, owner);
  // A user's bridges are gone with their namespace.
  const there = scope.kind === "system" || joinSharedNetwork(scope);
  const parts = request === undefined ? undefined : divide(request);
  if (there && request !== undefined) await tearDownHostSide(scope, request);
  for (const network of setUp.networks) {
    const addresses = request?.networks[network]?.static_ips;
    // Killed while it took addresses: the leases alone tell which.
    if (addresses === undefined) releaseAddresses(leasesDir(scope, network), (other) => other === owner);
    else for (const address of addresses) releaseAddress(leasesDir(scope, network), address, owner);
  }
  const kept = parts === undefined ? undefined : await releaseByOthers(scope, parts);
  removeSetUp(scope, owner);
  return kept;
}

/** Has the DHCP proxy and plugins take away what they made; returns the first failure. */
async function releaseByOthers(
  scope: Scope,
  { dhcp, plugins }: ReturnType<typeof divide>,
): Promise<RuntimeError | undefined> {
  const failures: RuntimeError[] = [];
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      failures.push(error);
    }
  };
  if (dhcp !== undefined) await attempt(async () => (await import("./dhcp.ts")).releaseByDhcp(scope, dhcp));
  if (plugins !== undefined)
    await attempt(async () => (await import("./plugins.ts")).disconnectPlugins(scope, plugins));
  return failures[0];
}

/** Networks that netavark connects by itself, those with addresses by DHCP, and those that plugins connect. */
function divide(request: NetavarkRequest) {
  return {
    own: partOf(request, (definition) => !byDhcp(definition) && !byPlugin(definition)),
    dhcp: partOf(request, (definition) => byDhcp(definition) && !byPlugin(definition)),
    plugins: partOf(request, byPlugin),
  };
}

/**
 * Publishing is a firewall rule, which nothing refuses: a later one would be without effect, or hide a server of the host. Returns
 * the set-up with the ports that it has got.
 */
function claimPorts(scope: Scope, setUp: SetUp): SetUp {
  return withPortsLock(scope, () => {
    const others = listSetUps(scope).filter(({ owner }) => owner !== setUp.owner);
    const claimed = { ...setUp, ports: chooseHostPorts(setUp.ports, others) };
    checkPorts(claimed.ports, others);
    writeSetUp(scope, claimed);
    return claimed;
  });
}

function viewOf(
  networks: readonly ConnectedNetwork[],
  given: Readonly<Record<string, GivenAddresses>> = {},
): NetworkView {
  const gateways = (network: NetworkDefinition) => network.subnets.flatMap(({ gateway }) => gateway ?? []);
  const leases = networks.flatMap(({ definition }) => given[definition.name] ?? []);
  // What macvlan and ipvlan have for a gateway is a router of the network outside, and not this machine.
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

/** A network's addresses, without the bits, once a DHCP server or a plugin has given them. */
function addressesIn(network: ConnectedNetwork, given: Readonly<Record<string, GivenAddresses>>): readonly string[] {
  const found = given[network.definition.name];
  return found?.subnets.map(({ ipnet }) => ipnet.split("/")[0] ?? "") ?? network.addresses;
}

/** Notes who is about to use networks, and reads their definitions: from then on they are not removed. */
function openNetworks(scope: Scope, setUp: SetUp): { definitions: NetworkDefinition[]; setUp: SetUp } {
  const read = () => {
    const definitions = setUp.networks.map((name) => readDefinition(scope, name));
    if (setUp.ports.length > 0) return { definitions, setUp: claimPorts(scope, setUp) };
    writeSetUp(scope, setUp);
    return { definitions, setUp };
  };
  // The default network, which most containers are in, cannot be removed.
  return setUp.networks.every((name) => name === DEFAULT_NETWORK) ? read() : withDefinitionsLock(scope, "shared", read);
}

/** Interfaces are called eth0, eth1… in the networks' order, where nothing else is asked for. */
function interfaceNames(networks: readonly NetworkAttachment[]): string[] {
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

function netavarkRequest(request: ConnectRequest, connected: readonly ConnectedNetwork[]): NetavarkRequest {
  const networks = connected.map(({ definition, interfaceName, addresses }, index) => {
    const attachment = request.networks[index];
    const mac = attachment?.mac ?? (byDhcp(definition) ? stableMac(request.name, definition.name) : randomMac());
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

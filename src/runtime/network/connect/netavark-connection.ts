import type { PortMapping } from "../../../options/requests/run-request.ts";
import type { Scope } from "../../../scope.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { readDefinition, withDefinitionsLock } from "../definitions/definition-store.ts";
import { DEFAULT_NETWORK, type NetworkDefinition } from "../definitions/network-definition.ts";
import { CONTAINER_DOMAIN, type NetworkView } from "../names/etc-files.ts";
import { leaseAddresses } from "./address-leases.ts";
import { type ConnectionRecord, listConnections, withPortsLock, writeConnection } from "./connection-record.ts";
import { type GivenAddresses, type NetavarkLock, runNetavark, takeNetavarkLock } from "./netavark.ts";
import {
  type ConnectedNetwork,
  type ConnectRequest,
  divide,
  interfaceNames,
  netavarkRequest,
} from "./netavark-request.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { checkPorts, chooseHostPorts } from "./published-ports.ts";

/** What is known of a namespace's place in its networks. */
export interface ConnectedNetworks {
  readonly networks: readonly ConnectedNetwork[];
  readonly ports: readonly PortMapping[];
  /** What is to be said of them in /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
}

/** The addresses by the networks' names. */
export function addressesByNetwork(networks: readonly ConnectedNetwork[]): Record<string, readonly string[]> {
  return Object.fromEntries(networks.map(({ definition, addresses }) => [definition.name, addresses]));
}

/** A namespace's place in its networks, while the set-up runs beside other work. */
export interface Connection extends ConnectedNetworks {
  readonly namespace: NetworkNamespace;
  /**
   * Resolves once all interfaces are there and all ports are published; rejects with code "network". Netavark runs
   * since connect() if that was asked `atOnce`, and nobody else was setting up a network then, else from here on. What
   * only DHCP servers knew comes with it; undefined where all was known before.
   */
  finish(): Promise<ConnectedNetworks | undefined>;
  /** Resolves once nothing is under way any more: what is still being made cannot be taken away. */
  settle(): Promise<void>;
}

/**
 * Connects a namespace to networks by netavark. Everything that disconnect() needs is on disk before anything is taken,
 * so that a process killed at any point leaves nothing that cleanup does not find. Throws "no-such-network", or
 * "network" for an address or a port that cannot be had.
 */
export function connect(scope: Scope, namespace: NetworkNamespace, request: ConnectRequest): Connection {
  findProgram("netavark");
  const interfaces = interfaceNames(request.networks);
  const { definitions, record } = openNetworks(scope, {
    owner: request.owner,
    name: request.name,
    networks: request.networks.map(({ name }) => name),
    ports: request.ports,
    request: undefined,
  });
  const { ports } = record;
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
  writeConnection(scope, { ...record, request: netavark });
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
    writeConnection(scope, { ...record, request: netavark, given });
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
 * Publishing is a firewall rule, which nothing refuses: a later one would be without effect, or hide a server of the
 * host. Returns the set-up with the ports that it has got.
 */
function claimPorts(scope: Scope, record: ConnectionRecord): ConnectionRecord {
  return withPortsLock(scope, () => {
    const others = listConnections(scope).filter(({ owner }) => owner !== record.owner);
    const claimed = { ...record, ports: chooseHostPorts(record.ports, others) };
    checkPorts(claimed.ports, others);
    writeConnection(scope, claimed);
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
function openNetworks(
  scope: Scope,
  record: ConnectionRecord,
): { definitions: NetworkDefinition[]; record: ConnectionRecord } {
  const read = () => {
    const definitions = record.networks.map((name) => readDefinition(scope, name));
    if (record.ports.length > 0) return { definitions, record: claimPorts(scope, record) };
    writeConnection(scope, record);
    return { definitions, record };
  };
  // The default network, which most containers are in, cannot be removed.
  return record.networks.every((name) => name === DEFAULT_NETWORK)
    ? read()
    : withDefinitionsLock(scope, "shared", read);
}

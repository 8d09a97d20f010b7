import type { NetworkAttachment } from "../../../options/requests/run-request.ts";
import { DEFAULT_NETWORK } from "../../../options/values/network.ts";
import type { Scope } from "../../../scope.ts";
import type { HeldLock } from "../../../state/lock.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { readDefinition, withDefinitionsLock } from "../../../state/network-definitions.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { refuseLostLeases } from "../lost-containers.ts";
import { endStrayServer } from "../names/stray-dns-server.ts";
import { leaseAddresses } from "./address-leases.ts";
import {
  type ConnectedNetwork,
  type ConnectedNetworks,
  type GivenByNetwork,
  viewOf,
  withGivenAddresses,
} from "./connected-networks.ts";
import { type ConnectionRecord, claim, listPublishers, withPortsLock, writeConnection } from "./connection-record.ts";
import { setUpWithRules } from "./firewall-rules.ts";
import { takeNetavarkLock, tryNetavarkLock } from "./netavark-lock.ts";
import {
  type ConnectRequest,
  divide,
  interfaceNames,
  type NetavarkRequest,
  netavarkRequest,
} from "./netavark-request.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { checkPorts, chooseHostPorts, leaveNameServer } from "./published-ports.ts";

/** A namespace's connection to its networks, while netavark works beside this process. */
export interface Connection extends ConnectedNetworks {
  readonly namespace: NetworkNamespace;
  /**
   * Resolves once all interfaces are up and all ports are published, with what only DHCP servers or plugins knew, or
   * undefined where all was known before; rejects with code "network". netavark has been running since connect() if the
   * request says `atOnce` and its lock was free then, and starts here otherwise.
   */
  finish(): Promise<ConnectedNetworks | undefined>;
  /** Resolves once netavark has ended, in success or not: only then can the connection be taken down. */
  settle(): Promise<void>;
}

/**
 * Connects a namespace to networks by netavark. Everything that disconnect() needs is on disk before it is taken, so
 * that a process killed at any point leaves nothing that cleanup does not find. Throws "no-such-network", or "network"
 * for an address or a port that cannot be had.
 */
export function connect(scope: Scope, namespace: NetworkNamespace, request: ConnectRequest): Connection {
  findProgram("netavark");
  const interfaces = interfaceNames(request.networks);
  const { definitions, claimed } = openNetworks(scope, {
    owner: request.owner,
    name: request.name,
    networks: request.networks.map(({ name }) => name),
    ports: request.ports,
    request: undefined,
  });
  const { ports } = claimed;
  const networks = request.networks.map((attachment, index): ConnectedNetwork => {
    const definition = requireDefinition(attachment, definitions[index]);
    refuseLostLeases(scope, definition);
    const addresses = leaseAddresses(scope, definition, request.owner, attachment.ips);
    return { definition, interfaceName: interfaces[index] ?? "", addresses };
  });
  const netavark = netavarkRequest({ ...request, ports }, networks);
  const record = { ...claimed, request: netavark };
  writeConnection(scope, record);
  const run = async (lock: HeldLock): Promise<ConnectedNetworks | undefined> => {
    const given = await setUp({ scope, namespace, request: netavark, hostname: request.hostname }, lock);
    if (given === undefined) return undefined;
    writeConnection(scope, { ...record, given });
    const known = withGivenAddresses(networks, given);
    return { networks: known, ports, view: viewOf(known, given) };
  };
  const free = request.atOnce ? tryNetavarkLock(scope) : undefined;
  let running = free === undefined ? undefined : run(free);
  // finish() reports a failure; until then it must not count as unhandled.
  running?.catch(() => undefined);
  return {
    namespace,
    networks,
    ports,
    view: viewOf(networks),
    finish: () => {
      running ??= run(takeNetavarkLock(scope));
      return running;
    },
    settle: async () => {
      await running?.catch(() => undefined);
    },
  };
}

/** The definition, if a container can be attached to the network so. */
function requireDefinition(
  attachment: NetworkAttachment,
  definition: NetworkDefinition | undefined,
): NetworkDefinition {
  if (definition === undefined) throw new RuntimeError("no-such-network", `there is no network ${attachment.name}`);
  if (definition.driver !== "ipvlan" || attachment.mac === undefined) return definition;
  const hint = "they have that of the device below";
  throw new RuntimeError("network", `network ${definition.name}: interfaces of ipvlan get no mac (${hint})`);
}

/** A namespace that netavark is to set up. */
interface SetUp {
  readonly scope: Scope;
  readonly namespace: NetworkNamespace;
  readonly request: NetavarkRequest;
  /** For DHCP servers. */
  readonly hostname: string;
}

/**
 * Sets all networks up, in turn those that netavark, plugins and DHCP servers provide. Closes the lock before it waits
 * for DHCP. Returns what plugins and DHCP servers have given, undefined where the request has neither.
 */
async function setUp(
  { scope, namespace, request, hostname }: SetUp,
  lock: HeldLock,
): Promise<GivenByNetwork | undefined> {
  const { own, plugins, dhcp } = divide(request);
  let given: GivenByNetwork = {};
  try {
    if (own !== undefined) {
      await endStrayServer(scope, own);
      await setUpWithRules(scope, namespace, own);
    }
    if (plugins !== undefined) {
      const { connectByPlugins } = await import("./plugins.ts");
      given = await connectByPlugins(scope, namespace, plugins);
    }
  } finally {
    lock.close();
  }
  if (dhcp !== undefined) {
    const { leaseByDhcp } = await import("./dhcp.ts");
    given = { ...given, ...(await leaseByDhcp(scope, namespace, dhcp, hostname)) };
  }
  return dhcp === undefined && plugins === undefined ? undefined : given;
}

interface OpenNetworks {
  readonly definitions: readonly NetworkDefinition[];
  /** The record, with the ports that were chosen. */
  readonly claimed: ConnectionRecord;
}

/** Writes the first record of a connection, and reads the networks' definitions: from then on none can be removed. */
function openNetworks(scope: Scope, record: ConnectionRecord): OpenNetworks {
  const open = () => {
    const definitions = record.networks.map((name) => readDefinition(scope, name));
    const named = definitions.find((definition) => definition?.dns_enabled === true);
    if (named !== undefined) {
      // netavark would go on without it.
      findProgram("aardvark-dns");
      leaveNameServer(record.ports, named.name);
    }
    if (record.ports.length > 0) return { definitions, claimed: claimPorts(scope, record) };
    writeConnection(scope, record);
    return { definitions, claimed: record };
  };
  // The default network cannot be removed: most containers need no lock.
  return record.networks.every((name) => name === DEFAULT_NETWORK)
    ? open()
    : withDefinitionsLock(scope, "shared", open);
}

/**
 * Chooses and checks published ports, under a lock. Publishing is a firewall rule, which the kernel never refuses: a
 * second one for a port would have no effect, or hide a server of the host.
 */
function claimPorts(scope: Scope, record: ConnectionRecord): ConnectionRecord {
  return withPortsLock(scope, () => {
    const others = listPublishers(scope).filter(({ owner }) => owner !== record.owner);
    const claimed = { ...record, ports: chooseHostPorts(record.ports, others) };
    checkPorts(claimed.ports, others);
    claim(scope, claimed, others);
    return claimed;
  });
}

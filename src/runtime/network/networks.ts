import { rmSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { networksDir } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";
import { type ConnectionRecord, listConnections, readConnection } from "./connect/connection-record.ts";
import { removeBridge, restoreHostSide } from "./connect/firewall-rules.ts";
import { checkNetavark } from "./connect/netavark.ts";
import { planByPlugin } from "./connect/plugins.ts";
import {
  beginRemoval,
  findDefinition,
  finishRemoval,
  isNetworkName,
  listDefinitions,
  listRemovals,
  readDefinition,
  withDefinitionsLock,
  writeDefinition,
} from "./definitions/definition-store.ts";
import { readHostFacts } from "./definitions/host-facts.ts";
import { DEFAULT_NETWORK, type NetworkDefinition, usesDhcp, usesPlugin } from "./definitions/network-definition.ts";
import { type NetworkCreateRequest, planNetwork } from "./definitions/network-plan.ts";
import { joinRootlessNetwork, readRootlessNamespace } from "./users/rootless-namespace.ts";

/**
 * Makes a network: a definition on disk; its bridge is made for the first container in it. Throws "network-exists",
 * unless `ignore` leaves the one that there is as it is; "bad-request" for what cannot be.
 */
export function createNetwork(scope: Scope, request: NetworkCreateRequest, ignore: boolean): void {
  const { name } = request;
  if (!isNetworkName(name)) throw new RuntimeError("bad-request", `"${name}" is not a name for a network`);
  const isThere = () => {
    const exists = findDefinition(scope, name) !== undefined;
    if (exists && !ignore) throw new RuntimeError("network-exists", `there is a network ${name} already`);
    return exists;
  };
  if (isThere()) return;
  // A plugin takes its time, and all that use a network would wait.
  const planned = usesPlugin(request) ? planByPlugin(scope, request, new Date()) : undefined;
  withDefinitionsLock(scope, "exclusive", () => {
    if (isThere()) return;
    const definition = planned ?? planNetwork(request, readHostFacts(scope));
    if (usesDhcp(definition)) checkNetavark(scope, name, "addresses by DHCP");
    writeDefinition(scope, definition);
  });
}

/**
 * Removes a network and its bridge; a user's bridges are only reached from their shared namespace
 * (enterRootlessNamespace()). Returns its name. Throws "no-such-network", or "network-in-use" with the names of who is in
 * it.
 */
export async function removeNetwork(scope: Scope, name: string): Promise<string> {
  const definition = withDefinitionsLock(scope, "exclusive", () => {
    const network = findNetwork(scope, name);
    const found = network.name;
    if (found === DEFAULT_NETWORK)
      throw new RuntimeError("bad-request", `the default network ${found} cannot be removed`);
    const users = networkUsers(scope, found);
    if (users.length > 0) {
      const names = users.map((user) => user.name).join(", ");
      throw new RuntimeError("network-in-use", `network ${found} is in use by ${names}`);
    }
    beginRemoval(scope, found);
    rmSync(join(networksDir(scope), found), { recursive: true, force: true });
    return network;
  });
  if (reachBridges(scope)) await removeBridge(scope, definition);
  finishRemoval(scope, definition.name);
  return definition.name;
}

/**
 * Removes the bridges of networks whose removal was killed half-way: nobody would know of them, and they would keep
 * their subnets from other networks. A user's that cannot be reached from here stay for another time.
 */
export async function finishRemovals(scope: Scope): Promise<void> {
  for (const { name } of listRemovals(scope)) {
    const definition = withDefinitionsLock(scope, "exclusive", () => {
      // By now somebody may have finished it, or a network may have been made that has the bridge.
      const removal = listRemovals(scope).find((other) => other.name === name);
      const bridge = removal?.network_interface;
      return listDefinitions(scope).some((other) => other.network_interface === bridge) ? undefined : removal;
    });
    if (definition !== undefined) {
      if (reachBridges(scope)) await removeBridge(scope, definition);
      else if (readRootlessNamespace(scope) !== undefined) continue;
    }
    finishRemoval(scope, name);
  }
}

/**
 * False where no namespace of a user's bridges is there, or this process is not in it: then there are no bridges
 * either.
 */
function reachBridges(scope: Scope): boolean {
  return scope.kind === "system" || joinRootlessNetwork(scope);
}

/**
 * Puts back the firewall rules of networks, published ports and all, which something else has removed. Without names it
 * does so for all containers. Returns the names, and how it failed for others; throws "no-such-container". For a user's
 * see removeNetwork().
 */
export async function reloadNetworks(
  scope: Scope,
  names: readonly string[] | undefined,
): Promise<{ reloaded: string[]; failed: { name: string; error: BerthError }[] }> {
  const records = listConnections(scope);
  const wanted = names?.map((word) => {
    const found = records.find(({ name, owner }) => name === word || owner === word || owner.startsWith(word));
    if (found === undefined) throw new RuntimeError("no-such-container", `no container ${word} is in a network`);
    return found;
  });
  const reloaded: string[] = [];
  const failed: { name: string; error: BerthError }[] = [];
  if (!reachBridges(scope)) return { reloaded, failed };
  for (const { owner, name, request } of wanted ?? records) {
    // One that is being set up just now, or that has ended since, or is ending.
    const stillThere = () => {
      const now = readConnection(scope, owner);
      return now !== undefined && now.ending !== true;
    };
    if (request === undefined || !stillThere()) continue;
    try {
      await restoreHostSide(scope, request, stillThere);
      reloaded.push(name);
    } catch (error) {
      // The others' rules are missing no less.
      if (!(error instanceof BerthError)) throw error;
      failed.push({ name, error });
    }
  }
  return { reloaded, failed };
}

/** Who is in a network, or just being connected to it. */
export function networkUsers(scope: Scope, name: string): ConnectionRecord[] {
  return listConnections(scope).filter(({ networks }) => networks.includes(name));
}

/** The network of a name, or of an ID's beginning. Throws "no-such-network". */
export function findNetwork(scope: Scope, word: string): NetworkDefinition {
  const byName = findDefinition(scope, word);
  if (byName !== undefined) return byName;
  const byId = /^[0-9a-f]{3,64}$/.test(word) ? listDefinitions(scope).filter(({ id }) => id.startsWith(word)) : [];
  return byId.length === 1 && byId[0] !== undefined ? byId[0] : readDefinition(scope, word);
}

/** What podman's `network inspect` shows: the definition, and who is in it with which addresses. */
export function describeNetwork(scope: Scope, definition: NetworkDefinition): object {
  const prefix = new Map(definition.subnets.map(({ subnet }) => [subnet, subnet.split("/")[1] ?? ""]));
  const containers = networkUsers(scope, definition.name).flatMap(({ owner, name, request, given }) => {
    const attachment = request?.networks[definition.name];
    if (attachment === undefined) return [];
    const fixed = attachment.static_ips.map((address, index) => {
      const { subnet = "", gateway } = definition.subnets[index] ?? {};
      return { ipnet: `${address}/${prefix.get(subnet) ?? ""}`, ...(gateway === undefined ? {} : { gateway }) };
    });
    const subnets = given?.[definition.name]?.subnets ?? fixed;
    const facts = { subnets, mac_address: attachment.static_mac ?? "" };
    return [[owner, { name, interfaces: { [attachment.interface_name]: facts } }] as const];
  });
  return {
    ...definition,
    // What a network need not have is no unknown field to a template.
    network_interface: definition.network_interface ?? "",
    network_dns_servers: definition.network_dns_servers ?? [],
    containers: Object.fromEntries(containers),
  };
}

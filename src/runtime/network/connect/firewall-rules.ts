import { closeSync } from "node:fs";
import type { Scope } from "../../../scope.ts";
import { usesDhcp } from "../../../state/network-definition.ts";
import { isInstalled } from "../../../system/programs.ts";
import { hasOtherLeases, leasesDir, releaseAddress } from "./address-leases.ts";
import { PROGRAM as DNS_SERVER, dropNames, removeLines } from "./dns-server.ts";
import { runIpCommands, tryIpCommands } from "./ip-command.ts";
import { forgetContainer, runNetavark } from "./netavark.ts";
import { withNetavarkLock } from "./netavark-lock.ts";
import { interfacesOf, type NetavarkRequest, partOf } from "./netavark-request.ts";
import { makeNetworkNamespace, type NetworkNamespace, withinNamespace } from "./network-namespace.ts";
import { firewallState, forgetRules, haveRules, noteRules, withRules } from "./network-rules.ts";
import { makeStandIn } from "./stand-in-namespace.ts";

/*
 * The host's side of a connection by bridges: firewall rules, published ports, and names in the DNS server. Interfaces
 * of the other drivers, and of bridges with addresses by DHCP, leave nothing outside of the container's namespace.
 */

/**
 * Has netavark connect a namespace. It makes the firewall rules of a network with the first container of it alone; a
 * container that publishes ports has its own, and makes it go through all of them. The caller holds netavark's lock.
 */
export async function setUpWithRules(
  scope: Scope,
  namespace: NetworkNamespace,
  request: NetavarkRequest,
): Promise<void> {
  const networks = Object.values(withRules(request)?.network_info ?? {});
  if (networks.length === 0) {
    await runNetavark(scope, "setup", namespace, request);
    return;
  }
  const withoutFirewall = request.port_mappings.length === 0 && haveRules(scope, networks, firewallState(scope));
  await runNetavark(scope, "setup", namespace, request, { withoutFirewall });
  if (!withoutFirewall) noteRules(scope, networks, firewallState(scope));
}

/** Removes the host's side of the connection of a container that has ended, and whose namespace is gone. */
export async function tearDownHostSide(scope: Scope, request: NetavarkRequest): Promise<void> {
  const bridges = onlyBridges(request);
  if (bridges === undefined) return;
  // What needs no lock is done before and after it. netavark always tears down a container that publishes ports.
  const standIn = bridges.port_mappings.length > 0 ? makeStandIn(bridges) : undefined;
  const held = await withNetavarkLock(scope, async () => {
    const rest = leaveOthers(scope, bridges);
    return rest === undefined ? [] : await tearDown(scope, rest, standIn ?? makeStandIn(rest));
  });
  // For each interface the kernel waits until no processor can be at work with it any more.
  tryIpCommands(held.map((pair) => `link del ${pair}`));
}

/**
 * Takes a container that has published nothing from the networks that others are in, without netavark, which would only
 * look at all interfaces and rules to leave them: the kernel removes a container's interfaces with its namespace, and
 * rules and bridge are the network's. Releases its addresses there, by which the last to leave finds out that it is.
 * Returns what is left for netavark to tear down.
 */
function leaveOthers(scope: Scope, request: NetavarkRequest): NetavarkRequest | undefined {
  if (request.port_mappings.length > 0) return request;
  const owner = request.container_id;
  return partOf(request, ({ id, name, dns_enabled: named }) => {
    if (!hasOtherLeases(scope, name, owner)) return true;
    if (named && !removeLines(scope, name, owner)) return true;
    forgetContainer(scope, id, owner);
    for (const address of request.networks[name]?.static_ips ?? [])
      releaseAddress(leasesDir(scope, name), address, owner);
    return false;
  });
}

/**
 * Restores the host's side of a connection after another program has emptied the firewall, without touching the
 * container: netavark connects a namespace that stands in for the container's, with the same addresses and MAC
 * addresses; the namespace goes at once, the rules stay. Does nothing where `stillThere`, asked under netavark's lock,
 * says that the container has ended, and where there is nothing but rules of networks that are in `restored`: it adds
 * those that it has restored.
 */
export async function restoreHostSide(
  scope: Scope,
  request: NetavarkRequest,
  stillThere: () => boolean,
  restored: Set<string>,
): Promise<void> {
  const bridges = onlyBridges(request);
  if (bridges === undefined) return;
  const networks = Object.keys(withRules(bridges)?.networks ?? {});
  if (bridges.port_mappings.length === 0 && networks.every((name) => restored.has(name))) return;
  // The names are still in the DNS server, and must not get there twice.
  const silent = withoutNames(bridges);
  await withNetavarkLock(scope, async () => {
    if (!stillThere()) return;
    forgetRules(scope, Object.keys(silent.networks));
    // Rules that are left would be doubled; of those that are not, netavark complains.
    await runNetavark(scope, "teardown", makeStandIn(silent), silent).catch(() => undefined);
    const fresh = makeNetworkNamespace();
    try {
      await setUpWithRules(scope, fresh, silent);
      // At once: until the kernel has cleared the namespace away, it would answer in the container's place.
      withinNamespace(fresh, () =>
        runIpCommands(interfacesOf(silent).map(({ interface_name: name }) => `link del ${name}`)),
      );
      for (const name of networks) restored.add(name);
    } finally {
      closeSync(fresh.fd);
    }
  });
}

function onlyBridges(request: NetavarkRequest): NetavarkRequest | undefined {
  return partOf(request, (definition) => definition.driver === "bridge" && !usesDhcp(definition));
}

/**
 * netavark's teardown stops at the first thing that is missing (after a set-up that was killed half-way, or where a
 * bridge has been removed). Then everything is set up once more, to be taken down as a whole. Returns the interfaces
 * that hold bridges, for the caller to delete.
 */
async function tearDown(scope: Scope, request: NetavarkRequest, standIn: NetworkNamespace): Promise<string[]> {
  const held = holdBridges(scope, request, standIn.path);
  // The rules of the others may go with their bridges.
  forgetRules(scope, Object.keys(request.networks));
  try {
    await runNetavark(scope, "teardown", standIn, request);
  } catch {
    await setUpAndTearDown(scope, request);
  }
  if (!isInstalled(DNS_SERVER)) dropNames(scope, Object.keys(request.networks), request.container_id);
  return held;
}

/** The request without a DNS server for its networks. */
function withoutNames(request: NetavarkRequest): NetavarkRequest {
  const infos = Object.entries(request.network_info).map(([name, info]) => [name, { ...info, dns_enabled: false }]);
  return { ...request, network_info: Object.fromEntries(infos) };
}

/** Has netavark set up a new namespace, and tear it down. The caller holds netavark's lock. */
export async function setUpAndTearDown(scope: Scope, given: NetavarkRequest): Promise<void> {
  const fresh = makeNetworkNamespace();
  // Where the DNS server has been uninstalled, netavark would fail at each of both.
  const request = isInstalled(DNS_SERVER) ? given : withoutNames(given);
  await runNetavark(scope, "setup", fresh, request);
  await runNetavark(scope, "teardown", fresh, request);
}

/**
 * Keeps bridges that others use from being empty: netavark would take them for unused where all containers have died at
 * once, and fail at removing the rules that the others still have. One end of each veth pair that does so is in the
 * stand-in namespace, so it goes with this process in any case. Returns the names of the other ends.
 */
function holdBridges(scope: Scope, request: NetavarkRequest, standInPath: string): string[] {
  const held = Object.keys(request.networks).flatMap((name, index) => {
    const bridge = request.network_info[name]?.network_interface;
    if (bridge === undefined || !hasOtherLeases(scope, name, request.container_id)) return [];
    const pair = `bk${index}-${process.pid}`;
    return [{ pair, command: `link add ${pair} master ${bridge} type veth peer name ${pair} netns ${standInPath}` }];
  });
  // A bridge that is gone needs no holding.
  tryIpCommands(held.map(({ command }) => command));
  return held.map(({ pair }) => pair);
}

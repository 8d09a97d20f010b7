import { closeSync } from "node:fs";
import { addressAt, formatAddress, parseSubnet } from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { type NetworkDefinition, type SubnetDefinition, usesDhcp } from "../definitions/network-definition.ts";
import { hasOtherLeases } from "./address-leases.ts";
import { type NetavarkRequest, partOf, runNetavark, takeNetavarkLock } from "./netavark.ts";
import { makeNetworkNamespace, type NetworkNamespace, withinNamespace } from "./network-namespace.ts";

/** How often, and how many times, to look whether a bridge is empty: milliseconds. */
const LOOK_MS = 20;
const LOOKS_MAX = 100;

/**
 * Takes away the host's half of a set-up: firewall rules, published ports, names. The namespace is gone with the
 * container, so netavark is shown another one that stands in for it, with the interfaces that it wants to remove: it
 * stops half-way without.
 */
export async function tearDownHostSide(scope: Scope, request: NetavarkRequest): Promise<void> {
  const bridges = onlyBridges(request);
  if (bridges !== undefined) await underLock(scope, () => tearDown(scope, bridges));
}

/**
 * Keeps bridges that others are on from being empty: netavark would take them for unused where all containers have died
 * at once, and fail at removing the rules that the others still have. One end of the veth pairs that do this is in the
 * stand-in namespace, so they go with this process in any case. Returns the names of the other ends.
 */
function holdBridges(scope: Scope, request: NetavarkRequest, standInPath: string): string[] {
  const held = Object.keys(request.networks).flatMap((name, index) => {
    const bridge = request.network_info[name]?.network_interface;
    if (bridge === undefined || !hasOtherLeases(scope, name, request.container_id)) return [];
    const pair = `bk${index}-${process.pid}`;
    return [{ pair, command: `link add ${pair} master ${bridge} type veth peer name ${pair} netns ${standInPath}` }];
  });
  // Where a bridge is not there any more, nothing is to be held.
  if (held.length > 0) tryIpCommands(held.map(({ command }) => command));
  return held.map(({ pair }) => pair);
}

/**
 * Puts the host's half of a set-up back after something has emptied the firewall, without touching the container:
 * netavark connects a namespace that stands in for the container's, with the same addresses and the same MAC addresses,
 * and this goes at once, while the rules stay. Nothing happens where `stillThere` says, with nobody else at work, that
 * the container is not.
 */
export async function restoreHostSide(
  scope: Scope,
  request: NetavarkRequest,
  stillThere: () => boolean,
): Promise<void> {
  const bridges = onlyBridges(request);
  if (bridges === undefined) return;
  // Names have not been lost, and are not to be there twice.
  const infos = Object.entries(bridges.network_info).map(([name, info]) => [name, { ...info, dns_enabled: false }]);
  const silent: NetavarkRequest = { ...bridges, network_info: Object.fromEntries(infos) };
  await underLock(scope, async () => {
    if (!stillThere()) return;
    // What is still there would be there twice; what is not, netavark complains of.
    await runNetavark(scope, "teardown", makeStandIn(silent), silent).catch(() => undefined);
    const fresh = makeNetworkNamespace();
    try {
      await runNetavark(scope, "setup", fresh, silent);
      // The kernel takes its time to clear a namespace away, and until then this one answers for the container.
      withinNamespace(fresh, () => runIpCommands(interfacesOf(silent).map((name) => `link del ${name}`)));
    } finally {
      closeSync(fresh.fd);
    }
  });
}

/**
 * Removes the bridge of a network that nobody is in, and its firewall rules. netavark does so after the last one in it,
 * but a container's end of a veth pair is on the bridge until the kernel has cleared its namespace away, so mostly the
 * bridge stays.
 */
export async function removeBridge(scope: Scope, definition: NetworkDefinition): Promise<void> {
  const { driver, network_interface: bridge, options } = definition;
  if (driver !== "bridge" || bridge === undefined || options.mode === "unmanaged") return;
  let ports = portsOf(bridge);
  if (ports === undefined) return;
  for (let look = 0; look < LOOKS_MAX && ports !== undefined && ports > 0; look++) {
    await Bun.sleep(LOOK_MS);
    ports = portsOf(bridge);
  }
  const request: NetavarkRequest = {
    container_id: "0".repeat(32),
    container_name: "",
    port_mappings: [],
    networks: {
      [definition.name]: { static_ips: definition.subnets.flatMap(someAddress), interface_name: "eth0", aliases: [] },
    },
    network_info: { [definition.name]: { ...definition, dns_enabled: false } },
  };
  await underLock(scope, () => setUpAndTearDown(scope, request));
}

/**
 * How many interfaces are on a bridge of this thread's network namespace, undefined if there is no such bridge; /sys
 * may show another namespace's.
 */
function portsOf(bridge: string): number | undefined {
  const words = [findProgram("ip"), "-json", "link", "show", "master", bridge];
  const child = Bun.spawnSync(words, { stdin: "ignore", stderr: "ignore" });
  if (child.exitCode !== 0) return undefined;
  return (JSON.parse(child.stdout.toString() || "[]") as unknown[]).length;
}

/** An address for nobody, so any that is not the gateway's. */
function someAddress({ subnet, gateway }: SubnetDefinition): string[] {
  const parsed = parseSubnet(subnet);
  if (parsed === undefined) return [];
  const [first, second] = [formatAddress(addressAt(parsed, 1n)), formatAddress(addressAt(parsed, 2n))];
  return [first === gateway ? second : first];
}

async function underLock(scope: Scope, work: () => Promise<void>): Promise<void> {
  const lock = takeNetavarkLock(scope, true);
  try {
    await work();
  } finally {
    lock.close();
  }
}

/** What there is of a request outside of its namespace: interfaces of the other drivers are gone with that. */
function onlyBridges(request: NetavarkRequest): NetavarkRequest | undefined {
  return partOf(request, (definition) => definition.driver === "bridge" && !usesDhcp(definition));
}

/**
 * netavark stops at the first thing that it does not find (a set-up that was killed half-way, a bridge that somebody
 * removed), so then everything is set up once more to be taken down as a whole.
 */
async function tearDown(scope: Scope, request: NetavarkRequest): Promise<void> {
  const namespace = makeStandIn(request);
  const held = holdBridges(scope, request, namespace.path);
  try {
    await runNetavark(scope, "teardown", namespace, request);
  } catch {
    await setUpAndTearDown(scope, request);
  } finally {
    if (held.length > 0) tryIpCommands(held.map((pair) => `link del ${pair}`));
  }
}

async function setUpAndTearDown(scope: Scope, request: NetavarkRequest): Promise<void> {
  const fresh = makeNetworkNamespace();
  await runNetavark(scope, "setup", fresh, request);
  await runNetavark(scope, "teardown", fresh, request);
}

/**
 * A namespace with links of the container's interface names and MAC addresses; bridges, because every kernel that gets
 * here has that driver.
 */
export function makeStandIn(request: NetavarkRequest): NetworkNamespace {
  const links = Object.values(request.networks).map(({ interface_name: name, static_mac: mac }) =>
    ["link add", name, ...(mac === undefined ? [] : ["address", mac]), "type bridge"].join(" "),
  );
  return makeNetworkNamespace(() => runIpCommands(links));
}

function interfacesOf(request: NetavarkRequest): string[] {
  return Object.values(request.networks).map(({ interface_name: name }) => name);
}

/** Runs commands of ip(8). Throws "network" with what it says. */
function runIpCommands(commands: readonly string[]): void {
  const said = runLinks(commands, []);
  if (said !== undefined) throw new RuntimeError("network", `${commands.join(", ")}: ${said}`);
}

/** Runs commands of ip(8), all of them, whatever some of them say. */
export function tryIpCommands(commands: readonly string[]): void {
  runLinks(commands, ["-force"]);
}

function runLinks(commands: readonly string[], flags: readonly string[]): string | undefined {
  const stdin = Buffer.from(commands.map((command) => `${command}\n`).join(""));
  const child = Bun.spawnSync([findProgram("ip"), ...flags, "-batch", "-"], { stdin, stderr: "pipe" });
  return child.exitCode === 0 ? undefined : child.stderr.toString().trim();
}

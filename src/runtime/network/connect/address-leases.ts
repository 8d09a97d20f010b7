import { linkSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  addressAt,
  formatAddress,
  hostAddresses,
  isForHosts,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetContains,
} from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import { networksDir } from "../../../state/paths.ts";
import { isErrno, isTaken } from "../../../system/error.ts";
import { readIfThere, removeIfThere } from "../../../system/files.ts";
import { RuntimeError } from "../../error.ts";
import type { NetworkDefinition, SubnetDefinition } from "../definitions/network-definition.ts";

/** Names of the files that hold the addresses handed out last begin so: no lease is called so. */
const LAST = "last";

/** Where a network's leases are: one file an address, made exclusively, with its owner in it. */
export const leasesDir = (scope: Scope, network: string) => join(networksDir(scope), network, "leases");

/**
 * Takes an address of each of a network's subnets for `owner`: the fixed ones of `wanted`, for the rest free ones. None
 * if the network leaves addresses to others. Throws "network", with the network's name: an address that is in use, that
 * is in none of the subnets, or no free one. What has been taken before is then still the owner's.
 */
export function leaseAddresses(
  scope: Scope,
  network: NetworkDefinition,
  owner: string,
  wanted: readonly string[],
): string[] {
  const { name } = network;
  const { driver } = network.ipam_options;
  if (driver !== "host-local") {
    const who = driver === "dhcp" ? "has its addresses from a DHCP server" : "gives no addresses";
    if (wanted.length > 0) throw new RuntimeError("network", `network ${name} ${who}, so ${wanted[0]} cannot be had`);
    return [];
  }
  const directory = leasesDir(scope, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const subnets = network.subnets.map((definition) => {
    const subnet = parseSubnet(definition.subnet);
    if (subnet !== undefined) return { definition, subnet };
    throw new RuntimeError("network", `network ${name}: "${definition.subnet}" is not a subnet`);
  });
  const left = [...wanted];
  const fixed = subnets.map(({ subnet }) => {
    const at = left.findIndex((text) => {
      const address = parseAddress(text);
      return address !== undefined && subnetContains(subnet, address);
    });
    return at < 0 ? undefined : left.splice(at, 1)[0];
  });
  const [other] = left;
  if (other !== undefined) {
    const known = network.subnets.map(({ subnet }) => subnet).join(", ");
    const message = `address ${other} is outside of network ${name} (${known}), or the second in one subnet`;
    throw new RuntimeError("network", message);
  }
  return subnets.map(({ definition, subnet }, index) => {
    const address = fixed[index];
    if (address === undefined) return leaseFree(directory, subnet, definition, owner, name);
    return leaseFixed(directory, address, subnet, definition, owner, name);
  });
}

function leaseFixed(
  directory: string,
  text: string,
  subnet: Subnet,
  definition: SubnetDefinition,
  owner: string,
  network: string,
): string {
  const parsed = parseAddress(text);
  const address = parsed === undefined ? text : formatAddress(parsed);
  const gateway = definition.gateway === undefined ? undefined : parseAddress(definition.gateway);
  if (gateway?.value === parsed?.value)
    throw new RuntimeError("network", `address ${address} is the gateway of network ${network}`);
  if (parsed !== undefined && !isForHosts(subnet, parsed))
    throw new RuntimeError("network", `address ${address} stands for all of ${definition.subnet}, network ${network}`);
  if (!takeLease(directory, address, owner) && readIfThere(join(directory, address)) !== owner)
    throw new RuntimeError("network", `address ${address} is in use in network ${network}`);
  return address;
}

/**
 * The search begins after the address given last, so that one is not reused at once. The subnet's own address, the
 * gateway's and the broadcast address are left out.
 */
function leaseFree(
  directory: string,
  subnet: Subnet,
  definition: SubnetDefinition,
  owner: string,
  network: string,
): string {
  const { first, last } = leaseRange(subnet, definition);
  const gateway = definition.gateway === undefined ? undefined : parseAddress(definition.gateway)?.value;
  const taken = new Set(readdirSync(directory));
  const note = join(directory, `${LAST}-${formatAddress(addressAt(subnet, 0n))}`);
  const given = parseAddress(readIfThere(note) ?? "")?.value ?? first - 1n;
  const start = given >= first && given < last ? given + 1n : first;
  for (let step = 0n, value = start; step <= last - first; step++, value = value === last ? first : value + 1n) {
    const address = formatAddress({ family: subnet.family, value });
    if (value === gateway || taken.has(address) || !takeLease(directory, address, owner)) continue;
    // By way of a file that is known by its owner: killed here, it leaves nothing that nobody sweeps away.
    const finished = join(directory, `${owner}.new`);
    writeFileSync(finished, address, { mode: 0o600 });
    renameSync(finished, note);
    return address;
  }
  throw new RuntimeError("network", `no free address in ${definition.subnet} of network ${network}`);
}

function leaseRange(subnet: Subnet, { lease_range: range }: SubnetDefinition): { first: bigint; last: bigint } {
  const [first, last] = hostAddresses(subnet);
  const from = range === undefined ? undefined : parseAddress(range.start_ip)?.value;
  const to = range === undefined ? undefined : parseAddress(range.end_ip)?.value;
  return {
    first: from === undefined || from < first ? first : from,
    last: to === undefined || to > last ? last : to,
  };
}

/** Makes the lease in one step, owner and all: a link to a finished file fails where there is one already. */
function takeLease(directory: string, address: string, owner: string): boolean {
  const finished = join(directory, `${owner}.new`);
  writeFileSync(finished, owner, { mode: 0o600 });
  try {
    linkSync(finished, join(directory, address));
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    removeIfThere(finished);
  }
}

/** Gives an address back, if `owner` holds it. */
export function releaseAddress(directory: string, address: string, owner: string): void {
  const path = join(directory, address);
  if (readIfThere(path) === owner) removeIfThere(path);
}

/**
 * Gives back the addresses of a network whose owner satisfies `gone`: what a launcher killed right after taking one has
 * left.
 */
export function releaseAddresses(directory: string, gone: (owner: string) => boolean): void {
  for (const name of listIfFolder(directory)) {
    // Not the note of the last address, which somebody may be about to put in its place.
    const unfinished = name.startsWith(LAST) ? undefined : /^(.+)\.new$/.exec(name)?.[1];
    if (unfinished !== undefined && gone(unfinished)) removeIfThere(join(directory, name));
    if (parseAddress(name) === undefined) continue;
    const owner = readIfThere(join(directory, name));
    if (owner !== undefined && gone(owner)) releaseAddress(directory, name, owner);
  }
}

/** Whether somebody besides `owner` has an address in a network. */
export function hasOtherLeases(scope: Scope, network: string, owner: string): boolean {
  const directory = leasesDir(scope, network);
  return listIfFolder(directory).some(
    (name) => parseAddress(name) !== undefined && ![owner, undefined].includes(readIfThere(join(directory, name))),
  );
}

/** The same in every network. */
export function releaseAllAddresses(scope: Scope, gone: (owner: string) => boolean): void {
  for (const network of listIfFolder(networksDir(scope))) releaseAddresses(leasesDir(scope, network), gone);
}

function listIfFolder(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

import { linkSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { networksDir } from "../../../state/paths.ts";
import { isErrno, isTaken } from "../../../system/error.ts";
import { removeIfThere } from "../../../system/files.ts";
import { readBounded } from "../../../system/read-bounded.ts";
import { RuntimeError } from "../../error.ts";
import { assignFixed, checkFixed, type LeasePool, leaseCandidates, leasePools, poolName } from "./lease-plan.ts";

/** How the names of the files begin that hold the last address given: no lease has such a name. */
const LAST = "last";

/** The folder of a network's leases: one file an address, created exclusively, with its owner in it. */
export const leasesDir = (scope: Scope, network: string) => join(networksDir(scope), network, "leases");

/**
 * Leases an address of each of a network's subnets to `owner`: the fixed ones of `wanted`, else free ones. Leases none
 * if a DHCP server, or nothing, gives the network's addresses. Throws "network", with the network's name, for an
 * address that is in use or in none of the subnets, and where none is free; addresses leased before that stay the
 * owner's.
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
  const pools = leasePools(network);
  const fixed = assignFixed(network, pools, wanted);
  return pools.map((pool, index) => {
    const address = fixed[index];
    return address === undefined ? leaseFree(directory, pool, owner) : leaseFixed(directory, pool, owner, address);
  });
}

/** More than any owner or address takes: bytes. */
const LEASE_MAX = 256;

/** The text of a lease or note; undefined if there is none, empty where its owner cannot be told any more. */
function readLease(path: string): string | undefined {
  try {
    return readBounded(path, LEASE_MAX)?.toString() ?? "";
  } catch (error) {
    return isErrno(error, "ENOENT") ? undefined : "";
  }
}

function leaseFixed(directory: string, pool: LeasePool, owner: string, wanted: string): string {
  const address = checkFixed(pool, wanted);
  if (!takeLease(directory, address, owner) && readLease(join(directory, address)) !== owner)
    throw new RuntimeError("network", `address ${address} is in use in network ${pool.network}`);
  return address;
}

function leaseFree(directory: string, pool: LeasePool, owner: string): string {
  const taken = new Set(readdirSync(directory));
  const note = join(directory, `${LAST}-${poolName(pool)}`);
  const lastGiven = parseAddress(readLease(note) ?? "")?.value;
  for (const address of leaseCandidates(pool, lastGiven)) {
    if (taken.has(address) || !takeLease(directory, address, owner)) continue;
    // By way of a file with the owner in its name: if this process is killed here, releaseAddresses() finds it.
    const finished = join(directory, `${owner}.new`);
    writeFileSync(finished, address, { mode: 0o600 });
    renameSync(finished, note);
    return address;
  }
  throw new RuntimeError("network", `no free address in ${pool.text} of network ${pool.network}`);
}

/** Creates a lease together with its owner in one step: link(2) to a finished file fails if the lease exists. */
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

/** Releases an address, if `owner` holds it. */
export function releaseAddress(directory: string, address: string, owner: string): void {
  const path = join(directory, address);
  if (readLease(path) === owner) removeIfThere(path);
}

/** Releases the addresses in a folder whose owner is `gone`: a launcher killed right after leasing one leaves it. */
export function releaseAddresses(directory: string, gone: (owner: string) => boolean): void {
  for (const name of listIfFolder(directory)) {
    // Not the note of the last address, which another process may be about to rename into place.
    const unfinished = name.startsWith(LAST) ? undefined : /^(.+)\.new$/.exec(name)?.[1];
    if (unfinished !== undefined && gone(unfinished)) removeIfThere(join(directory, name));
    if (parseAddress(name) === undefined) continue;
    const owner = readLease(join(directory, name));
    // One without an owner may be that of a container that runs: it goes with a reboot.
    if (owner !== undefined && owner !== "" && gone(owner)) releaseAddress(directory, name, owner);
  }
}

/** Whether an owner other than `owner` has an address in a network. */
export function hasOtherLeases(scope: Scope, network: string, owner: string): boolean {
  const directory = leasesDir(scope, network);
  // Looks at no more names than it takes to find one: all containers that end do this, under netavark's lock.
  return listIfFolder(directory).some(
    (name) => parseAddress(name) !== undefined && ![owner, undefined].includes(readLease(join(directory, name))),
  );
}

/** The owners that have an address in a network. */
export function leaseHolders(scope: Scope, network: string): ReadonlySet<string> {
  const directory = leasesDir(scope, network);
  return new Set(listLeases(directory).flatMap((name) => readLease(join(directory, name)) ?? []));
}

/** Releases the addresses of every network whose owner is `gone`. */
export function releaseAllAddresses(scope: Scope, gone: (owner: string) => boolean): void {
  for (const network of listIfFolder(networksDir(scope))) releaseAddresses(leasesDir(scope, network), gone);
}

function listLeases(directory: string): string[] {
  return listIfFolder(directory).filter((name) => parseAddress(name) !== undefined);
}

function listIfFolder(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

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
import type { NetworkDefinition, SubnetDefinition } from "../../../state/network-definition.ts";
import { RuntimeError } from "../../error.ts";

/** The addresses of one subnet of a network that containers can have. */
export interface LeasePool {
  /** The network's name. */
  readonly network: string;
  readonly subnet: Subnet;
  /** The subnet as the definition has it. */
  readonly text: string;
  /** The gateway's address, which no container gets. */
  readonly gateway: bigint | undefined;
  /** The ends of the range that free addresses are taken from, both included. */
  readonly first: bigint;
  readonly last: bigint;
}

/** The pools of a network's subnets, in their order. Throws "network" for a subnet that is none. */
export function leasePools({ name, subnets }: NetworkDefinition): LeasePool[] {
  return subnets.map((definition) => {
    const subnet = parseSubnet(definition.subnet);
    if (subnet === undefined)
      throw new RuntimeError("network", `network ${name}: "${definition.subnet}" is not a subnet`);
    const gateway = definition.gateway === undefined ? undefined : parseAddress(definition.gateway)?.value;
    return { network: name, subnet, text: definition.subnet, gateway, ...leaseRange(subnet, definition) };
  });
}

function leaseRange(subnet: Subnet, { lease_range: range }: SubnetDefinition): Pick<LeasePool, "first" | "last"> {
  const [first, last] = hostAddresses(subnet);
  const from = range === undefined ? undefined : parseAddress(range.start_ip)?.value;
  const to = range === undefined ? undefined : parseAddress(range.end_ip)?.value;
  return {
    first: from === undefined || from < first ? first : from,
    last: to === undefined || to > last ? last : to,
  };
}

/**
 * The fixed address for each of a network's pools, undefined for the pools without one. Throws "network" for an address
 * that is in none of the subnets, or the second in one.
 */
export function assignFixed(
  { name }: NetworkDefinition,
  pools: readonly LeasePool[],
  wanted: readonly string[],
): (string | undefined)[] {
  const left = [...wanted];
  const assigned = pools.map(({ subnet }) => {
    const at = left.findIndex((text) => {
      const address = parseAddress(text);
      return address !== undefined && subnetContains(subnet, address);
    });
    return at < 0 ? undefined : left.splice(at, 1)[0];
  });
  const [other] = left;
  if (other === undefined) return assigned;
  const known = pools.map(({ text }) => text).join(", ");
  const message = `address ${other} is outside of network ${name} (${known}), or the second in one subnet`;
  throw new RuntimeError("network", message);
}

/**
 * A fixed address in its usual form. Throws "network" for the gateway's, and for the subnet's own and broadcast
 * address.
 */
export function checkFixed({ network, subnet, text, gateway }: LeasePool, wanted: string): string {
  const parsed = parseAddress(wanted);
  if (parsed === undefined) return wanted;
  const address = formatAddress(parsed);
  if (gateway === parsed.value)
    throw new RuntimeError("network", `address ${address} is the gateway of network ${network}`);
  if (!isForHosts(subnet, parsed))
    throw new RuntimeError("network", `address ${address} stands for all of ${text}, network ${network}`);
  return address;
}

/** The addresses of a pool's range, all once, from the one after `lastGiven` on: so none is reused at once. */
export function* leaseCandidates(pool: LeasePool, lastGiven: bigint | undefined): Generator<string> {
  const { first, last, gateway } = pool;
  const given = lastGiven ?? first - 1n;
  const start = given >= first && given < last ? given + 1n : first;
  for (let step = 0n, value = start; step <= last - first; step++, value = value === last ? first : value + 1n)
    if (value !== gateway) yield formatAddress({ family: pool.subnet.family, value });
}

/** The subnet's own address, which names it in file names. */
export function poolName({ subnet }: LeasePool): string {
  return formatAddress(addressAt(subnet, 0n));
}

import {
  addressAt,
  formatAddress,
  formatSubnet,
  type IpAddress,
  isForHosts,
  parseAddress,
  parseAddressRange,
  parseSubnet,
  type Subnet,
  subnetContains,
  subnetSize,
  subnetsOverlap,
} from "../../../ip-address.ts";
import type { SubnetDefinition } from "../../../state/network-definition.ts";
import type { Fail, NetworkCreateRequest, SubnetRequest } from "./create-request.ts";
import { freeSubnet } from "./free-subnet.ts";
import type { HostFacts } from "./host-facts.ts";

/** A subnet that has been checked, or chosen. */
export interface PlannedSubnet {
  readonly parsed: Subnet;
  readonly gateway: IpAddress | undefined;
  readonly range: { readonly first: IpAddress; readonly last: IpAddress } | undefined;
}

/** A subnet that is taken, and the words for what takes it. */
interface UsedSubnet {
  readonly subnet: Subnet;
  readonly by: string;
}

/**
 * The subnets of a new network: those asked for and, where berth gives the addresses (`leases`) of a bridge, one of
 * each address family that is wanted and missing. Throws as planNetwork() does.
 */
export function planSubnets(
  request: NetworkCreateRequest,
  facts: HostFacts,
  leases: boolean,
  fail: Fail,
): PlannedSubnet[] {
  const isBridge = request.driver === "bridge";
  const used = usedSubnets(request, facts);
  const subnets = request.subnets.map((wanted) => planSubnet(wanted, isBridge ? used : [], fail));
  for (const [index, { parsed }] of subnets.entries())
    if (subnets.slice(0, index).some((other) => subnetsOverlap(other.parsed, parsed)))
      throw fail(`subnet ${formatSubnet(parsed)} overlaps another one of its own`);
  if (!leases || !isBridge) return subnets;
  const lacks = (family: 4 | 6) => !subnets.some(({ parsed }) => parsed.family === family);
  const add = (family: 4 | 6) => {
    const taken = [...used.map(({ subnet }) => subnet), ...facts.avoided, ...subnets.map(({ parsed }) => parsed)];
    subnets.push({ parsed: freeSubnet(family, taken, facts.random), gateway: undefined, range: undefined });
  };
  if (lacks(4) && (request.ipv6 || subnets.length === 0)) add(4);
  if (lacks(6) && request.ipv6) add(6);
  return subnets;
}

/** A subnet in a definition's form; without a gateway of its own it gets its first address if `withGateway`. */
export function formatPlannedSubnet({ parsed, gateway, range }: PlannedSubnet, withGateway: boolean): SubnetDefinition {
  const chosen = gateway ?? (withGateway ? addressAt(parsed, 1n) : undefined);
  return {
    subnet: formatSubnet(parsed),
    ...(chosen === undefined ? {} : { gateway: formatAddress(chosen) }),
    ...(range === undefined
      ? {}
      : { lease_range: { start_ip: formatAddress(range.first), end_ip: formatAddress(range.last) } }),
  };
}

function usedSubnets(request: NetworkCreateRequest, facts: HostFacts): UsedSubnet[] {
  // A bridge that exists already brings its own route.
  const routes = facts.routes.filter(({ device }) => device !== request.interfaceName);
  return [
    ...routes.map(({ subnet, device }) => ({ subnet, by: `the route by ${device}` })),
    ...facts.networks.flatMap(({ name, subnets }) =>
      subnets.flatMap(({ subnet }) => {
        const parsed = parseSubnet(subnet);
        return parsed === undefined ? [] : [{ subnet: parsed, by: `network ${name}` }];
      }),
    ),
  ];
}

/** Blocks whose addresses no container can have (RFC 6890). */
const NOT_FOR_NETWORKS = [
  { block: "127.0.0.0/8", use: "by which a machine reaches itself" },
  { block: "224.0.0.0/4", use: "which is for multicast" },
  { block: "::1/128", use: "by which a machine reaches itself" },
  { block: "fe80::/10", use: "which every interface has by itself" },
  { block: "ff00::/8", use: "which is for multicast" },
] as const;

function overlaps(block: string, subnet: Subnet): boolean {
  const parsed = parseSubnet(block);
  return parsed !== undefined && subnetsOverlap(parsed, subnet);
}

function planSubnet(wanted: SubnetRequest, used: readonly UsedSubnet[], fail: Fail): PlannedSubnet {
  const parsed = parseSubnet(wanted.subnet);
  if (parsed === undefined) throw fail(`"${wanted.subnet}" is not a subnet (write 192.0.2.0/24)`);
  const text = formatSubnet(parsed);
  const reserved = NOT_FOR_NETWORKS.find(({ block }) => overlaps(block, parsed));
  if (reserved !== undefined) throw fail(`subnet ${text} is of ${reserved.block}, ${reserved.use}`);
  if (subnetSize(parsed) < 4n) throw fail(`subnet ${text} is too small for a gateway and a container`);
  const taken = used.find(({ subnet }) => subnetsOverlap(subnet, parsed));
  if (taken !== undefined) throw fail(`subnet ${text} overlaps ${formatSubnet(taken.subnet)}, which ${taken.by} uses`);
  return {
    parsed,
    gateway: wanted.gateway === undefined ? undefined : planGateway(wanted.gateway, parsed, fail),
    range: wanted.range === undefined ? undefined : planRange(wanted.range, parsed, fail),
  };
}

function planGateway(text: string, subnet: Subnet, fail: Fail): IpAddress {
  const gateway = parseAddress(text);
  if (gateway === undefined || !subnetContains(subnet, gateway))
    throw fail(`gateway ${text} is not in subnet ${formatSubnet(subnet)}`);
  if (!isForHosts(subnet, gateway)) throw fail(`gateway ${text} stands for all of subnet ${formatSubnet(subnet)}`);
  return gateway;
}

/** The ends of a range, both included. As with podman, the first address of a block is left out. */
function planRange(text: string, subnet: Subnet, fail: Fail): PlannedSubnet["range"] {
  const range = parseAddressRange(text);
  if (range === undefined)
    throw fail(`"${text}" is not a range of addresses (write 192.0.2.128/25 or 192.0.2.10-192.0.2.20)`);
  const { last, isBlock } = range;
  const { family, value } = range.first;
  const first = { family, value: isBlock && value < last.value ? value + 1n : value };
  if (first.value > last.value) throw fail(`the range ${text} ends before it begins`);
  if (!subnetContains(subnet, first) || !subnetContains(subnet, last))
    throw fail(`range ${text} is not in subnet ${formatSubnet(subnet)}`);
  return { first, last };
}

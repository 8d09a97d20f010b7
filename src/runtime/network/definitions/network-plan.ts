import {
  addressAt,
  formatAddress,
  formatSubnet,
  type IpAddress,
  isForHosts,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetContains,
  subnetSize,
  subnetsOverlap,
} from "../../../ip-address.ts";
import { RuntimeError } from "../../error.ts";
import { checkDriverOptions } from "./driver-options.ts";
import { freeSubnet } from "./free-subnet.ts";
import type { IpamDriver, NetworkDefinition, SubnetDefinition } from "./network-definition.ts";

/** What `berth network create` is asked for. */
export interface NetworkCreateRequest {
  readonly name: string;
  /** One of netavark's own, or the name of a plugin. */
  readonly driver: string;
  readonly subnets: readonly SubnetRequest[];
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly disableDns: boolean;
  readonly dns: readonly string[];
  readonly interfaceName: string | undefined;
  readonly ipamDriver: IpamDriver | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SubnetRequest {
  readonly subnet: string;
  readonly gateway: string | undefined;
  /** `ADDRESS/BITS` or `FIRST-LAST`. */
  readonly range: string | undefined;
}

/** What there is already on the machine. */
export interface HostFacts {
  /** Networks of this scope. */
  readonly networks: readonly NetworkDefinition[];
  /** The machine's routes. */
  readonly routes: readonly { readonly subnet: Subnet; readonly device: string }[];
  /** Subnets that are not chosen, but may be asked for: those of podman's networks. */
  readonly avoided: readonly Subnet[];
  /** Names of the machine's network interfaces. */
  readonly interfaces: readonly string[];
  readonly now: Date;
  /** `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
}

/**
 * The definition of a new network of one of netavark's own drivers, with all that was left open chosen: subnets,
 * gateways, the bridge's name. Pure. Throws "bad-request" for what cannot be, "network" where nothing is free.
 */
export function planNetwork(request: NetworkCreateRequest, facts: HostFacts): NetworkDefinition {
  const { name, driver, internal } = request;
  const fail = (message: string) => new RuntimeError("bad-request", `network ${name}: ${message}`);
  const complaint = checkDriverOptions(driver, request.options);
  if (complaint !== undefined) throw fail(complaint);
  const ipam = ipamDriver(request, fail);
  const dns = driver === "bridge" && !request.disableDns && ipam === "host-local";
  if (request.dns.length > 0 && !dns) throw fail("resolvers (--dns) cannot be set, because it has no DNS");
  const used = [
    // A bridge that is there already brings its own route.
    ...facts.routes.flatMap(({ subnet, device }) =>
      device === request.interfaceName ? [] : [{ subnet, by: `the route by ${device}` }],
    ),
    ...facts.networks.flatMap((network) =>
      network.subnets.flatMap(({ subnet }) => {
        const parsed = parseSubnet(subnet);
        return parsed === undefined ? [] : [{ subnet: parsed, by: `network ${network.name}` }];
      }),
    ),
  ];
  const subnets = request.subnets.map((wanted) => planSubnet(wanted, driver === "bridge" ? used : [], fail));
  subnets.forEach(({ parsed }, index) => {
    if (subnets.slice(0, index).some((other) => subnetsOverlap(other.parsed, parsed)))
      throw fail(`subnet ${formatSubnet(parsed)} overlaps another one of its own`);
  });
  const family = (wanted: 4 | 6) => subnets.some(({ parsed }) => parsed.family === wanted);
  const ipv6 = request.ipv6 || family(6);
  const addressed = ipam === "host-local" && driver === "bridge";
  const add = (wanted: 4 | 6) => {
    const taken = [...used.map(({ subnet }) => subnet), ...facts.avoided, ...subnets.map(({ parsed }) => parsed)];
    subnets.push({ parsed: freeSubnet(wanted, taken, facts.random), gateway: undefined, range: undefined });
  };
  if (addressed && !family(4) && (request.ipv6 || subnets.length === 0)) add(4);
  if (addressed && request.ipv6 && !family(6)) add(6);
  // Who is alone with others of its kind needs no way out, but does need to reach the name server.
  const gateways = (!internal || dns) && ipam === "host-local";
  return {
    name,
    id: new Bun.CryptoHasher("sha256").update(name).digest("hex"),
    driver,
    ...interfaceOf(request, facts, fail),
    created: facts.now.toISOString(),
    subnets: subnets.map(({ parsed, gateway, range }): SubnetDefinition => {
      const chosen = gateway ?? (gateways ? addressAt(parsed, 1n) : undefined);
      return {
        subnet: formatSubnet(parsed),
        ...(chosen === undefined ? {} : { gateway: formatAddress(chosen) }),
        ...(range === undefined
          ? {}
          : { lease_range: { start_ip: formatAddress(range.first), end_ip: formatAddress(range.last) } }),
      };
    }),
    ipv6_enabled: ipv6,
    internal,
    dns_enabled: dns,
    ...(request.dns.length === 0 ? {} : { network_dns_servers: [...request.dns] }),
    ipam_options: { driver: ipam },
    labels: { ...request.labels },
    options: { ...request.options },
  };
}

type Fail = (message: string) => RuntimeError;

function ipamDriver(request: NetworkCreateRequest, fail: Fail): IpamDriver {
  const { driver, ipamDriver: wanted, subnets } = request;
  // What podman takes for macvlan without a subnet.
  const chosen = wanted ?? (driver === "macvlan" && subnets.length === 0 ? "dhcp" : "host-local");
  if (chosen !== "host-local" && subnets.length > 0) throw fail(`a subnet means nothing with --ipam-driver ${chosen}`);
  if (chosen === "dhcp" && driver === "ipvlan")
    throw fail("ipvlan's interfaces have the device's own MAC address, by which a DHCP server cannot tell them apart");
  if (chosen === "dhcp" && driver === "bridge" && request.options.mode !== "unmanaged")
    throw fail("no DHCP server is on a bridge of its own (give --opt mode=unmanaged, or --driver macvlan)");
  if (chosen === "host-local" && driver !== "bridge" && subnets.length === 0)
    throw fail(`${driver} needs a --subnet, or --ipam-driver none`);
  return chosen;
}

interface PlannedSubnet {
  readonly parsed: Subnet;
  readonly gateway: IpAddress | undefined;
  readonly range: { readonly first: IpAddress; readonly last: IpAddress } | undefined;
}

interface UsedSubnet {
  readonly subnet: Subnet;
  readonly by: string;
}

/** What no network's containers can have (RFC 6890). */
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
  const gateway = wanted.gateway === undefined ? undefined : parseAddress(wanted.gateway);
  if (wanted.gateway !== undefined && (gateway === undefined || !subnetContains(parsed, gateway)))
    throw fail(`gateway ${wanted.gateway} is not in subnet ${text}`);
  if (gateway !== undefined && !isForHosts(parsed, gateway))
    throw fail(`gateway ${wanted.gateway} stands for all of subnet ${text}`);
  return { parsed, gateway, range: wanted.range === undefined ? undefined : planRange(wanted.range, parsed, fail) };
}

/** The ends of a range. A block's own first address is nobody's, as with podman. */
function planRange(text: string, subnet: Subnet, fail: Fail): PlannedSubnet["range"] {
  const block = parseSubnet(text);
  const [, from = "", to = ""] = /^([^-]*)-(.*)$/.exec(text) ?? [];
  const [first, last] =
    block === undefined
      ? [parseAddress(from), parseAddress(to)]
      : [addressAt(block, subnetSize(block) > 1n ? 1n : 0n), addressAt(block, subnetSize(block) - 1n)];
  if (first === undefined || last === undefined || first.family !== last.family)
    throw fail(`"${text}" is not a range of addresses (write 192.0.2.128/25 or 192.0.2.10-192.0.2.20)`);
  if (first.value > last.value) throw fail(`the range ${text} ends before it begins`);
  if (!subnetContains(subnet, first) || !subnetContains(subnet, last))
    throw fail(`range ${text} is not in subnet ${formatSubnet(subnet)}`);
  return { first, last };
}

/** The bridge's name: the one asked for, or the first free berthN. Of macvlan and ipvlan: the device below. */
function interfaceOf(request: NetworkCreateRequest, facts: HostFacts, fail: Fail): { network_interface?: string } {
  const { driver, options } = request;
  const wanted = request.interfaceName ?? (driver === "bridge" ? undefined : options.parent);
  if (wanted !== undefined && (!/^[^\s/:%]{1,15}$/.test(wanted) || [".", "..", "lo"].includes(wanted)))
    throw fail(`"${wanted}" is not the name of an interface`);
  if (driver !== "bridge") {
    if (wanted !== undefined && !facts.interfaces.includes(wanted))
      throw fail(`there is no interface ${wanted} to sit on`);
    return wanted === undefined ? {} : { network_interface: wanted };
  }
  const bridges = new Map(
    facts.networks.flatMap(({ driver: kind, network_interface: bridge, name }) =>
      kind === "bridge" && bridge !== undefined ? [[bridge, name] as const] : [],
    ),
  );
  if (wanted !== undefined) {
    // Several networks may be different VLANs of one bridge, or be on one that is not berth's to make.
    const shared = options.vlan !== undefined || options.mode === "unmanaged";
    const other = shared ? undefined : bridges.get(wanted);
    if (other !== undefined) throw fail(`bridge ${wanted} belongs to network ${other}`);
    return { network_interface: wanted };
  }
  for (let number = 1; ; number++) {
    const name = `berth${number}`;
    if (!bridges.has(name) && !facts.interfaces.includes(name)) return { network_interface: name };
  }
}

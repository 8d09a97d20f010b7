import type { IpamDriver } from "../../../options/values/network.ts";
import type { NetworkDefinition, SubnetDefinition } from "../../../state/network-definition.ts";
import { type Fail, failureOf, type NetworkCreateRequest } from "./create-request.ts";
import { checkDriverOptions } from "./driver-options.ts";
import type { HostFacts } from "./host-facts.ts";
import { planInterface } from "./interface-plan.ts";
import { formatPlannedSubnet, planSubnets } from "./subnet-plan.ts";

/**
 * Plans a network of one of netavark's own drivers: checks the request and chooses what it leaves open, subnets,
 * gateways and the bridge's name. Pure. Throws "bad-request" for an impossible request, "network" where no subnet is
 * free.
 */
export function planNetwork(request: NetworkCreateRequest, facts: HostFacts): NetworkDefinition {
  const { driver, internal } = request;
  const fail = failureOf(request.name);
  const complaint = checkDriverOptions(driver, request.options);
  if (complaint !== undefined) throw fail(complaint);
  const ipam = chooseIpamDriver(request, fail);
  const dns = driver === "bridge" && !request.disableDns && ipam === "host-local";
  if (request.dns.length > 0 && !dns) throw fail("resolvers (--dns) cannot be set, because it has no DNS");
  const subnets = planSubnets(request, facts, ipam === "host-local", fail);
  // An internal network needs no route out, but its containers must reach the DNS server.
  const gateways = (!internal || dns) && ipam === "host-local";
  return toDefinition(request, {
    created: facts.now,
    interfaceName: planInterface(request, facts, fail),
    subnets: subnets.map((subnet) => formatPlannedSubnet(subnet, gateways)),
    ipv6: request.ipv6 || subnets.some(({ parsed }) => parsed.family === 6),
    dns,
    ipam,
  });
}

/** What a plan, or a plugin's request, adds to a {@link NetworkCreateRequest}. */
export interface NetworkChoices {
  readonly created: Date;
  readonly interfaceName: string | undefined;
  readonly subnets: readonly SubnetDefinition[];
  readonly ipv6: boolean;
  readonly dns: boolean;
  readonly ipam: IpamDriver;
}

/** The definition of a network, in the order in which podman writes its members. */
export function toDefinition(request: NetworkCreateRequest, chosen: NetworkChoices): NetworkDefinition {
  const { name } = request;
  return {
    name,
    id: new Bun.CryptoHasher("sha256").update(name).digest("hex"),
    driver: request.driver,
    ...(chosen.interfaceName === undefined ? {} : { network_interface: chosen.interfaceName }),
    created: chosen.created.toISOString(),
    subnets: chosen.subnets,
    ipv6_enabled: chosen.ipv6,
    internal: request.internal,
    dns_enabled: chosen.dns,
    ...(request.dns.length === 0 ? {} : { network_dns_servers: [...request.dns] }),
    ipam_options: { driver: chosen.ipam },
    labels: { ...request.labels },
    options: { ...request.options },
  };
}

function chooseIpamDriver(request: NetworkCreateRequest, fail: Fail): IpamDriver {
  const { driver, ipamDriver: wanted, subnets } = request;
  // podman's choice for macvlan without a subnet.
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

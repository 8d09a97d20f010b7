import { dictionary, type Fields, fields, flag, list, oneOf, optional, orElse, text, texts } from "../json-fields.ts";
import { DEFAULT_NETWORK, IPAM_DRIVERS, type IpamDriver, NETWORK_DRIVERS } from "../options/values/network.ts";

/** A network, in the form of netavark's network_info, which is podman's too; one JSON file each. */
export interface NetworkDefinition {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** One of {@link NETWORK_DRIVERS}, or the name of a plugin. */
  readonly driver: string;
  /** The bridge, or the parent device of macvlan and ipvlan; by default netavark takes that of the default route. */
  readonly network_interface?: string;
  /** RFC 3339. */
  readonly created: string;
  readonly subnets: readonly SubnetDefinition[];
  readonly ipv6_enabled: boolean;
  /** Whether the network has no route out. */
  readonly internal: boolean;
  /** Whether containers in it find each other by name. */
  readonly dns_enabled: boolean;
  /** Resolvers for names that are no container's, in place of the host's. */
  readonly network_dns_servers?: readonly string[];
  readonly ipam_options: { readonly driver: IpamDriver };
  readonly labels: Readonly<Record<string, string>>;
  /** The driver's: mtu, vlan, isolate, metric, mode… */
  readonly options: Readonly<Record<string, string>>;
}

/** Whether a plugin, not netavark itself, connects a network's containers. */
export function usesPlugin({ driver }: Pick<NetworkDefinition, "driver">): boolean {
  return !NETWORK_DRIVERS.some((own) => own === driver);
}

/** Whether a network's containers ask a DHCP server for their addresses. */
export function usesDhcp({ ipam_options: ipam }: NetworkDefinition): boolean {
  return ipam.driver === "dhcp";
}

export interface SubnetDefinition {
  /** `ADDRESS/BITS`. */
  readonly subnet: string;
  /** Absent in an internal network without DNS. */
  readonly gateway?: string;
  /** The addresses to hand out, both ends included; the whole subnet by default. */
  readonly lease_range?: { readonly start_ip: string; readonly end_ip: string };
}

const subnetDefinition = fields<SubnetDefinition>({
  subnet: text,
  gateway: optional(text),
  lease_range: optional(fields({ start_ip: text, end_ip: text })),
});

export const networkDefinitionFields: Fields<NetworkDefinition> = {
  name: text,
  id: text,
  driver: orElse(text, "bridge"),
  network_interface: optional(text),
  created: orElse(text, ""),
  subnets: list(subnetDefinition),
  ipv6_enabled: orElse(flag, false),
  internal: orElse(flag, false),
  dns_enabled: orElse(flag, false),
  network_dns_servers: optional(texts),
  // Of options without a driver, as a plugin may give them, berth leases no addresses.
  ipam_options: orElse(fields({ driver: orElse(oneOf(...IPAM_DRIVERS), "none") }), { driver: "host-local" }),
  labels: orElse(dictionary(text), {}),
  options: orElse(dictionary(text), {}),
};

/**
 * The default network. Its subnet is next to podman's (10.88.0.0/16), so that both can be on one host. It has no DNS,
 * as podman's has none.
 */
export function defaultNetwork(): NetworkDefinition {
  return {
    name: DEFAULT_NETWORK,
    id: Buffer.from(DEFAULT_NETWORK).toString("hex").padEnd(64, "0"),
    driver: "bridge",
    network_interface: "berth0",
    created: "1970-01-01T00:00:00Z",
    subnets: [{ subnet: "10.87.0.0/16", gateway: "10.87.0.1" }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    ipam_options: { driver: "host-local" },
    labels: {},
    options: {},
  };
}

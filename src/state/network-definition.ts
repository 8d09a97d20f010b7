import { dictionary, type Fields, fields, flag, list, oneOf, optional, orElse, text } from "../json-fields.ts";
import { DEFAULT_NETWORK, IPAM_DRIVERS, type IpamDriver, NETWORK_DRIVERS } from "../options/values/network.ts";

/**
 * What a network is: the form in which netavark takes it (network_info), which is podman's too, kept as one JSON file.
 */
export interface NetworkDefinition {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** One of {@link NETWORK_DRIVERS}, or the name of a plugin. */
  readonly driver: string;
  /**
   * The bridge, or the device that macvlan and ipvlan sit on; netavark takes that of the default route if there is
   * none.
   */
  readonly network_interface?: string;
  /** RFC 3339. */
  readonly created: string;
  readonly subnets: readonly SubnetDefinition[];
  readonly ipv6_enabled: boolean;
  /** Nothing is forwarded out of it. */
  readonly internal: boolean;
  /** Whether containers in it find each other by name. */
  readonly dns_enabled: boolean;
  /** Where names are asked for that are no container's, in place of the host's resolvers. */
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
  /** None in a network without DNS that is internal. */
  readonly gateway?: string;
  /** Where addresses are taken from, both ends included; the whole subnet if undefined. */
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
  network_dns_servers: optional(list(text)),
  ipam_options: orElse(fields({ driver: oneOf(...IPAM_DRIVERS) }), { driver: "host-local" }),
  labels: orElse(dictionary(text), {}),
  options: orElse(dictionary(text), {}),
};

/**
 * The default network. Its subnet is next to podman's (10.88.0.0/16), not the same, so that both can be on one host.
 * Names are not resolved in it: podman's has no DNS either.
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

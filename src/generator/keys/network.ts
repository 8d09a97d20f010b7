import { parseIpAddress } from "../../options/values/address.ts";
import { parseNetworkName, parseServiceName } from "../../options/values/name.ts";
import { parseInterfaceName, parseIpamDriver } from "../../options/values/network.ts";
import { parseIpRange, parseSubnetKey } from "../../options/values/subnet.ts";
import { lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Network]`: Quadlet's keys for a network, podman-systemd.unit(5). */
export const networkKeys = lazyKeyTable(() => [
  ...podmanOnly(),
  supported("DisableDNS", "boolean", "No name resolution between containers", "yes", { flag: "disable-dns" }),
  supported("DNS", "lines", "Upstream resolver of the network", "192.0.2.53", { parse: parseIpAddress, flag: "dns" }),
  supported("Driver", "string", "Network driver: bridge, macvlan, ipvlan, or a plugin of netavark's", "bridge", {
    flag: "driver",
  }),
  supported("Gateway", "lines", "Gateway of the subnet of the same place", "192.168.55.3", {
    parse: parseIpAddress,
    flag: "gateway",
  }),
  supported("InterfaceName", "string", "Bridge's name, or parent device", "enp1s0", {
    since: "5.6",
    parse: parseInterfaceName,
    flag: "interface-name",
  }),
  supported("Internal", "boolean", "No access to the outside", "yes", { flag: "internal" }),
  supported("IPAMDriver", "string", "Where addresses come from: host-local, dhcp or none", "dhcp", {
    parse: parseIpamDriver,
    flag: "ipam-driver",
  }),
  supported("IPRange", "lines", "Range to take addresses from", "192.168.55.128/25", {
    parse: parseIpRange,
    flag: "ip-range",
  }),
  supported("IPv6", "boolean", "IPv4 and IPv6", "yes", { flag: "ipv6" }),
  supported("Label", "map", "Labels", "org.example.stage=test", { flag: "label" }),
  supported("NetworkDeleteOnStop", "boolean", "Remove the network when the service stops", "yes", { since: "5.5" }),
  supported("NetworkName", "string", "Name of the network (default systemd-NAME)", "backend", {
    parse: parseNetworkName,
  }),
  supported("Options", "map", "Options of the driver", "isolate=true", { flag: "opt" }),
  supported("PodmanArgs", "exec-words", "More flags for creating the network", "--dns=192.0.2.53"),
  supported("ServiceName", "string", "Name of the service, without .service", "backend-network", {
    parse: parseServiceName,
  }),
  supported("Subnet", "lines", "Subnet, as CIDR", "192.168.55.0/24", { parse: parseSubnetKey, flag: "subnet" }),
]);

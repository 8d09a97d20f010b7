import { later, lazyKeyTable } from "./key.ts";

/** `[Network]`: Quadlet's keys for a network, podman-systemd.unit(5). */
export const networkKeys = lazyKeyTable(() => [
  later("ContainersConfModule", "lines", "Module of containers.conf to load", "/etc/container/1.conf"),
  later("DisableDNS", "boolean", "No name resolution between containers", "yes"),
  later("DNS", "lines", "Upstream resolver of the network", "192.0.2.53"),
  later("Driver", "string", "Network driver: bridge, macvlan or ipvlan", "bridge"),
  later("Gateway", "lines", "Gateway of the subnet of the same place", "192.168.55.3"),
  later("GlobalArgs", "exec-words", "Arguments for podman in front of its sub-command", "--log-level=debug"),
  later("InterfaceName", "string", "Bridge's name, or parent device", "enp1s0", "5.6"),
  later("Internal", "boolean", "No access to the outside", "yes"),
  later("IPAMDriver", "string", "Where addresses come from: host-local, dhcp or none", "dhcp"),
  later("IPRange", "lines", "Range to take addresses from", "192.168.55.128/25"),
  later("IPv6", "boolean", "IPv4 and IPv6", "yes"),
  later("Label", "map", "Labels", "org.example.stage=test"),
  later("NetworkDeleteOnStop", "boolean", "Remove the network when the service stops", "yes", "5.5"),
  later("NetworkName", "string", "Name of the network", "backend"),
  later("Options", "map", "Options of the driver", "isolate=true"),
  later("PodmanArgs", "exec-words", "More flags for creating the network", "--dns=192.0.2.53"),
  later("ServiceName", "string", "Name of the service, without .service", "backend-network"),
  later("Subnet", "lines", "Subnet, as CIDR", "192.168.55.0/24"),
]);

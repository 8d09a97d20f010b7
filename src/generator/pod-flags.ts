import type { RunFlag } from "./run-flags.ts";

/** The flags of `berth pod create`, as data: podman's names. */
export const POD_FLAGS: readonly RunFlag[] = [
  { name: "add-host", kind: "list", value: "NAME:IP", help: "Add a line to /etc/hosts (IP may be host-gateway)" },
  { name: "dns", kind: "list", value: "IP", help: "Resolver for /etc/resolv.conf; none keeps the images' files" },
  { name: "dns-option", kind: "list", value: "OPTION", help: "Option for /etc/resolv.conf, in place of the host's" },
  { name: "dns-search", kind: "list", value: "DOMAIN", help: "Search domain in place of the host's; . for none" },
  {
    name: "exit-policy",
    kind: "string",
    value: "POLICY",
    help: "stop: the pod ends with its last container; continue",
  },
  { name: "hostname", kind: "list", value: "NAME", help: "Host name of all its containers (the pod's name)" },
  { name: "ip", kind: "string", value: "IPV4", help: "Fixed address, in the only network" },
  { name: "ip6", kind: "string", value: "IPV6", help: "Fixed IPv6 address, in the only network" },
  { name: "label", short: "l", kind: "list", value: "KEY=VALUE", help: "Add a label" },
  { name: "mac-address", kind: "string", value: "MAC", help: "Address of the interface, in the only network" },
  { name: "name", short: "n", kind: "string", value: "NAME", help: "Name of the pod" },
  {
    name: "network",
    kind: "list",
    value: "NETWORK",
    help: "A network's name[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, host or none",
  },
  { name: "network-alias", kind: "list", value: "NAME", help: "Another name of the pod in its networks" },
  { name: "publish", short: "p", kind: "list", value: "[[IP:]HOST:]PORT[/PROTO]", help: "Publish a port on the host" },
  { name: "replace", kind: "boolean", help: "Take the place of a pod of the same name" },
  { name: "share", kind: "string", value: "KINDS", help: "What the containers share: ipc,net,uts" },
  { name: "shm-size", kind: "string", value: "SIZE", help: "Size of the shared /dev/shm (64m)" },
  { name: "unit", kind: "string", value: "UNIT", help: "The systemd service that the pod is", hidden: true },
  {
    name: "volume",
    short: "v",
    kind: "list",
    value: "SOURCE:DEST[:OPTIONS]",
    help: "Attach a host path or a named volume to all its containers",
  },
];

import type { Flag } from "./flag.ts";

/** Flags that `berth run` and `berth pod create` have in common, to the letter. */
export const COMMON_FLAGS = {
  addHost: {
    name: "add-host",
    kind: "list",
    value: "NAME:IP",
    help: "Add a line to /etc/hosts (IP may be host-gateway)",
  },
  dnsOption: {
    name: "dns-option",
    kind: "list",
    value: "OPTION",
    help: "Option for /etc/resolv.conf, in place of the host's",
  },
  dnsSearch: {
    name: "dns-search",
    kind: "list",
    value: "DOMAIN",
    help: "Search domain in place of the host's; . for none",
  },
  ip: { name: "ip", kind: "string", value: "IPV4", help: "Fixed address, in the only network" },
  ip6: { name: "ip6", kind: "string", value: "IPV6", help: "Fixed IPv6 address, in the only network" },
  label: { name: "label", short: "l", kind: "list", value: "KEY=VALUE", help: "Add a label" },
  macAddress: {
    name: "mac-address",
    kind: "string",
    value: "MAC",
    help: "Address of the interface, in the only network",
  },
  publish: {
    name: "publish",
    short: "p",
    kind: "list",
    value: "[[IP:]HOST:]PORT[/PROTO]",
    help: "Publish a port on the host",
  },
  subgidname: {
    name: "subgidname",
    kind: "string",
    value: "NAME",
    help: "Map group ids to all of this name's in /etc/subgid",
  },
  subuidname: {
    name: "subuidname",
    kind: "string",
    value: "NAME",
    help: "Map user ids to all of this name's in /etc/subuid",
  },
  userns: {
    name: "userns",
    kind: "string",
    value: "MODE",
    help: "host, auto[:OPTIONS], keep-id[:OPTIONS], nomap, ns:PATH or container:NAME",
  },
} as const satisfies Readonly<Record<string, Flag>>;

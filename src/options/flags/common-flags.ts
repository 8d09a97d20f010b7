import { parseHostEntry, parseIpv4, parseIpv6 } from "../values/address.ts";
import { parseLabel } from "../values/command.ts";
import { parseMacAddress, parseResolverWord } from "../values/network.ts";
import { parsePublishedPort } from "../values/port.ts";
import { parseUserNamespace } from "../values/user-namespace.ts";
import type { Flag } from "./flag.ts";

/** Flags that `berth run` and `berth pod create` have in common, to the letter. */
export const COMMON_FLAGS = {
  addHost: {
    name: "add-host",
    kind: "list",
    value: "NAME:IP",
    help: "Add a line to /etc/hosts (IP may be host-gateway)",
    parse: parseHostEntry,
    field: "addHosts",
    commas: "words",
  },
  dnsOption: {
    name: "dns-option",
    aliases: ["dns-opt"],
    kind: "list",
    value: "OPTION",
    help: "Option for /etc/resolv.conf, in place of the host's",
    parse: parseResolverWord,
    field: "dnsOptions",
    commas: "words",
  },
  dnsSearch: {
    name: "dns-search",
    kind: "list",
    value: "DOMAIN",
    help: "Search domain in place of the host's; . for none",
    parse: parseResolverWord,
    field: "dnsSearch",
    commas: "words",
  },
  ip: { name: "ip", kind: "string", value: "IPV4", help: "Fixed address, in the only network", parse: parseIpv4 },
  ip6: {
    name: "ip6",
    kind: "string",
    value: "IPV6",
    help: "Fixed IPv6 address, in the only network",
    parse: parseIpv6,
  },
  label: {
    name: "label",
    short: "l",
    kind: "list",
    value: "KEY=VALUE",
    help: "Add a label",
    parse: parseLabel,
    freeText: true,
    field: "labels",
    record: true,
  },
  macAddress: {
    name: "mac-address",
    kind: "string",
    value: "MAC",
    help: "Address of the interface, in the only network",
    parse: parseMacAddress,
  },
  publish: {
    name: "publish",
    short: "p",
    kind: "list",
    value: "[[IP:]HOST:]PORT[/PROTO]",
    help: "Publish a port on the host",
    parse: parsePublishedPort,
    field: "ports",
    commas: "words",
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
    parse: parseUserNamespace,
    complete: ["host", "auto", "keep-id", "nomap", "ns:", "container:"],
  },
} as const satisfies Readonly<Record<string, Flag>>;

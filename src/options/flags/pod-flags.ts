import { parseDns } from "../values/address.ts";
import { parseExitPolicy } from "../values/exit-policy.ts";
import { parseHostName } from "../values/name.ts";
import { parseNetwork, parseNetworkAlias } from "../values/network.ts";
import { parseShare } from "../values/share.ts";
import { parseSize, SHM_SIZE } from "../values/size.ts";
import { parseIdMapping } from "../values/user-namespace.ts";
import { parseVolume } from "../values/volume.ts";
import { COMMON_FLAGS } from "./common-flags.ts";
import type { Flag } from "./flag.ts";

/** The flags of `berth pod create`, as data: podman's names. See RUN for what a new one takes. */
export const POD = {
  addHost: COMMON_FLAGS.addHost,
  dns: {
    name: "dns",
    kind: "list",
    value: "IP",
    help: "Resolver for /etc/resolv.conf; none keeps the images' files",
    parse: parseDns,
    field: "dns",
    commas: "words",
  },
  dnsOption: COMMON_FLAGS.dnsOption,
  dnsSearch: COMMON_FLAGS.dnsSearch,
  exitPolicy: {
    name: "exit-policy",
    kind: "string",
    value: "POLICY",
    help: "stop: the pod ends with its last container; continue",
    parse: parseExitPolicy,
    field: "exitPolicy",
    otherwise: "continue",
  },
  gidmap: {
    name: "gidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map group ids, in a user namespace of the pod's own",
    parse: parseIdMapping,
    commas: "words",
  },
  hostname: {
    name: "hostname",
    kind: "list",
    value: "NAME",
    help: "Host name of all its containers (the pod's name)",
    parse: parseHostName,
  },
  ip: COMMON_FLAGS.ip,
  ip6: COMMON_FLAGS.ip6,
  label: COMMON_FLAGS.label,
  macAddress: COMMON_FLAGS.macAddress,
  name: { name: "name", short: "n", kind: "string", value: "NAME", help: "Name of the pod" },
  network: {
    name: "network",
    aliases: ["net"],
    kind: "list",
    value: "NETWORK",
    help: "A network's name[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, host or none",
    parse: parseNetwork,
    complete: ["bridge", "host", "none", "pasta", "container:", "ns:"],
  },
  networkAlias: {
    name: "network-alias",
    aliases: ["net-alias"],
    kind: "list",
    value: "NAME",
    help: "Another name of the pod in its networks",
    parse: parseNetworkAlias,
    commas: "words",
  },
  publish: COMMON_FLAGS.publish,
  replace: { name: "replace", kind: "boolean", help: "Take the place of a pod of the same name", field: "replace" },
  share: {
    name: "share",
    kind: "string",
    value: "KINDS",
    help: "Namespaces to share (ipc,net,uts); pid too, none, or +KINDS",
    parse: parseShare,
  },
  shmSize: {
    name: "shm-size",
    kind: "string",
    value: "SIZE",
    help: "Size of the shared /dev/shm (64m)",
    parse: parseSize,
    field: "shmSize",
    otherwise: SHM_SIZE,
  },
  subgidname: COMMON_FLAGS.subgidname,
  subuidname: COMMON_FLAGS.subuidname,
  uidmap: {
    name: "uidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map user ids, in a user namespace of the pod's own",
    parse: parseIdMapping,
    commas: "words",
  },
  unit: { name: "unit", kind: "string", value: "UNIT", help: "The systemd service that the pod is", hidden: true },
  userns: COMMON_FLAGS.userns,
  volume: {
    name: "volume",
    short: "v",
    kind: "list",
    value: "SOURCE:DEST[:OPTIONS]",
    help: "Attach a host path or a named volume to all its containers",
    parse: parseVolume,
  },
} as const satisfies Readonly<Record<string, Flag>>;

/** One row of the table. */
export type PodFlag = (typeof POD)[keyof typeof POD];

export const POD_FLAGS: readonly Flag[] = Object.values(POD);

import { COMMON_FLAGS } from "./common-flags.ts";
import type { Flag } from "./flag.ts";

/** The flags of `berth pod create`, as data: podman's names. */
export const POD_FLAGS: readonly Flag[] = [
  COMMON_FLAGS.addHost,
  { name: "dns", kind: "list", value: "IP", help: "Resolver for /etc/resolv.conf; none keeps the images' files" },
  COMMON_FLAGS.dnsOption,
  COMMON_FLAGS.dnsSearch,
  {
    name: "exit-policy",
    kind: "string",
    value: "POLICY",
    help: "stop: the pod ends with its last container; continue",
  },
  {
    name: "gidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map group ids, in a user namespace of the pod's own",
  },
  { name: "hostname", kind: "list", value: "NAME", help: "Host name of all its containers (the pod's name)" },
  COMMON_FLAGS.ip,
  COMMON_FLAGS.ip6,
  COMMON_FLAGS.label,
  COMMON_FLAGS.macAddress,
  { name: "name", short: "n", kind: "string", value: "NAME", help: "Name of the pod" },
  {
    name: "network",
    kind: "list",
    value: "NETWORK",
    help: "A network's name[:ip=…,ip6=…,mac=…,alias=…,interface_name=…], bridge, host or none",
  },
  { name: "network-alias", kind: "list", value: "NAME", help: "Another name of the pod in its networks" },
  COMMON_FLAGS.publish,
  { name: "replace", kind: "boolean", help: "Take the place of a pod of the same name" },
  {
    name: "share",
    kind: "string",
    value: "KINDS",
    help: "Namespaces to share (ipc,net,uts); pid too, none, or +KINDS",
  },
  { name: "shm-size", kind: "string", value: "SIZE", help: "Size of the shared /dev/shm (64m)" },
  COMMON_FLAGS.subgidname,
  COMMON_FLAGS.subuidname,
  {
    name: "uidmap",
    kind: "list",
    value: "INSIDE:OUTSIDE[:AMOUNT]",
    help: "Map user ids, in a user namespace of the pod's own",
  },
  { name: "unit", kind: "string", value: "UNIT", help: "The systemd service that the pod is", hidden: true },
  COMMON_FLAGS.userns,
  {
    name: "volume",
    short: "v",
    kind: "list",
    value: "SOURCE:DEST[:OPTIONS]",
    help: "Attach a host path or a named volume to all its containers",
  },
];

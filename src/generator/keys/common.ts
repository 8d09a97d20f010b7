import { RUN } from "../../options/flags/run-flags.ts";
import { parseUser } from "../../options/values/name.ts";
import { parseCount } from "../../options/values/task-limit.ts";
import { carries, type KeySpec, supported } from "./key.ts";

/** Rows for members of networks: containers and pods. The networks that they may join differ. */
export function networkingRows(): readonly KeySpec[] {
  return [
    supported(
      "AddHost",
      "lines",
      "Line for /etc/hosts; the address may be host-gateway",
      "db.example:192.0.2.7",
      carries(RUN.addHost),
    ),
    supported(
      "DNS",
      "lines",
      "Resolver for /etc/resolv.conf; none keeps the image's file",
      "192.0.2.53",
      carries(RUN.dns),
    ),
    supported(
      "DNSOption",
      "lines",
      "Option for /etc/resolv.conf, in place of the host's",
      "ndots:1",
      carries(RUN.dnsOption),
    ),
    supported(
      "DNSSearch",
      "lines",
      "Search domain for /etc/resolv.conf; . for none",
      "example.com",
      carries(RUN.dnsSearch),
    ),
    supported("IP", "string", "Fixed IPv4 address, in the only network", "10.88.64.128", carries(RUN.ip)),
    supported("IP6", "string", "Fixed IPv6 address, in the only network", "fd46:db93:aa76:ac37::10", carries(RUN.ip6)),
    supported("NetworkAlias", "lines", "Another name on its networks", "db", carries(RUN.networkAlias)),
    supported(
      "PublishPort",
      "lines",
      "Port published on the host: [[IP:]HOST:]CONTAINER[/PROTOCOL]",
      "8080:80",
      carries(RUN.publish),
    ),
  ];
}

/** Rows for owners of a user namespace: containers and pods. */
export function userNamespaceRows(): readonly KeySpec[] {
  return [
    supported("GIDMap", "words", "Group id mapping: container:from[:amount]", "0:10000:10", carries(RUN.gidmap)),
    supported("RemapGid", "words", "Group ids for RemapUsers= (write UserNS= or GIDMap=)", "210"),
    supported("RemapUid", "words", "User ids for RemapUsers= (write UserNS= or UIDMap=)", "200"),
    supported("RemapUidSize", "string", "Size of the user namespace for RemapUsers=auto", "6000", {
      parse: parseCount,
    }),
    supported("RemapUsers", "string", "User namespace: auto, keep-id or manual (write UserNS=)", "auto"),
    supported(
      "SubGIDMap",
      "string",
      "Name in /etc/subgid to map groups from",
      "containers",
      carries(RUN.subgidname, parseUser),
    ),
    supported(
      "SubUIDMap",
      "string",
      "Name in /etc/subuid to map users from",
      "containers",
      carries(RUN.subuidname, parseUser),
    ),
    supported("UIDMap", "words", "User id mapping: container:from[:amount]", "0:10000:10", carries(RUN.uidmap)),
    supported(
      "UserNS",
      "string",
      "User namespace: host, auto, keep-id, nomap, ns:PATH or container:NAME, with podman's options",
      "keep-id",
      carries(RUN.userns),
    ),
  ];
}

/** Rows for pulls of an image: containers and `.image` files. */
export function retryRows(): readonly KeySpec[] {
  return [
    supported("Retry", "string", "How often a failed pull is tried again (default 3)", "5", {
      since: "5.5",
      ...carries(RUN.retry),
    }),
    supported("RetryDelay", "string", "Time between tries; without it, more every time", "10s", {
      since: "5.5",
      ...carries(RUN.retryDelay),
    }),
  ];
}

import { checkAddHost, checkDns } from "../values/address.ts";
import { checkExitPolicy } from "../values/exit-policy.ts";
import { checkHostName, checkPodName, checkServiceName, checkUser } from "../values/name.ts";
import { checkPublishPort } from "../values/port.ts";
import { checkCount } from "../values/resource.ts";
import { checkSize } from "../values/size.ts";
import { checkStopTimeout } from "../values/time.ts";
import { checkIdMapping, checkUserNamespace } from "../values/user-namespace.ts";
import { checkVolume } from "../values/volume.ts";
import { lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Pod]`: Quadlet's keys for a pod, podman-systemd.unit(5). */
export const podKeys = lazyKeyTable(() => [
  supported("AddHost", "lines", "Line for /etc/hosts", "db.example:192.0.2.7", {
    check: checkAddHost,
    flag: "add-host",
  }),
  ...podmanOnly(),
  supported("DNS", "lines", "Resolver for /etc/resolv.conf", "192.0.2.53", { check: checkDns, flag: "dns" }),
  supported("DNSOption", "lines", "Option for /etc/resolv.conf", "ndots:1", { flag: "dns-option" }),
  supported("DNSSearch", "lines", "Search domain for /etc/resolv.conf", "example.com", { flag: "dns-search" }),
  supported("ExitPolicy", "string", "Whether the pod ends with its last container: stop or continue", "stop", {
    since: "5.6",
    check: checkExitPolicy,
    flag: "exit-policy",
  }),
  supported("GIDMap", "words", "Group id mapping: container:from[:amount]", "0:10000:10", {
    check: checkIdMapping,
    flag: "gidmap",
  }),
  supported("HostName", "lines", "Host name of the pod", "web", {
    since: "5.5",
    check: checkHostName,
    flag: "hostname",
  }),
  supported("IP", "string", "Fixed IPv4 address", "10.88.64.128", { flag: "ip" }),
  supported("IP6", "string", "Fixed IPv6 address", "fd46:db93:aa76:ac37::10", { flag: "ip6" }),
  supported("Label", "map", "Labels", "org.example.stage=test", { since: "5.6", flag: "label" }),
  supported("Network", "lines", "Network mode or network", "host", { flag: "network" }),
  supported("NetworkAlias", "lines", "Another name of the pod on its networks", "db", { flag: "network-alias" }),
  supported("PodName", "string", "Name of the pod (default systemd-NAME)", "web", {
    check: checkPodName,
    flag: "name",
  }),
  supported("PodmanArgs", "exec-words", "More flags for creating the pod", "--dns=192.0.2.53"),
  supported("PublishPort", "lines", "Port published on the host", "8080:80", {
    check: checkPublishPort,
    flag: "publish",
  }),
  supported("RemapGid", "words", "Group ids for RemapUsers= (write UserNS= or GIDMap=)", "210"),
  supported("RemapUid", "words", "User ids for RemapUsers= (write UserNS= or UIDMap=)", "200"),
  supported("RemapUidSize", "string", "Size of the user namespace for RemapUsers=auto", "6000", { check: checkCount }),
  supported("RemapUsers", "string", "User namespace: auto, keep-id or manual (write UserNS=)", "auto"),
  supported("ServiceName", "string", "Name of the service, without .service", "shop-pod", { check: checkServiceName }),
  supported("ShmSize", "string", "Size of the shared /dev/shm", "100m", {
    since: "5.4",
    check: checkSize,
    flag: "shm-size",
  }),
  supported("StopTimeout", "string", "Seconds before SIGKILL", "30", {
    since: "5.7",
    check: checkStopTimeout,
  }),
  supported("SubGIDMap", "string", "Name in /etc/subgid to map groups from", "containers", {
    check: checkUser,
    flag: "subgidname",
  }),
  supported("SubUIDMap", "string", "Name in /etc/subuid to map users from", "containers", {
    check: checkUser,
    flag: "subuidname",
  }),
  supported("UIDMap", "words", "User id mapping: container:from[:amount]", "0:10000:10", {
    check: checkIdMapping,
    flag: "uidmap",
  }),
  supported("UserNS", "string", "User namespace", "keep-id", {
    check: checkUserNamespace,
    flag: "userns",
  }),
  supported("Volume", "lines", "Host path or named volume for all containers", "/srv:/srv", {
    check: checkVolume,
    flag: "volume",
  }),
]);

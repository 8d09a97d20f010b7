import { checkExitPolicy } from "../../options/values/exit-policy.ts";
import { checkHostName, checkPodName, checkServiceName } from "../../options/values/name.ts";
import { checkPodNetwork } from "../../options/values/network.ts";
import { checkSize } from "../../options/values/size.ts";
import { checkStopTimeout } from "../../options/values/time.ts";
import { checkVolume } from "../../options/values/volume.ts";
import { networkingRows, userNamespaceRows } from "./common.ts";
import { lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Pod]`: Quadlet's keys for a pod, podman-systemd.unit(5). */
export const podKeys = lazyKeyTable(() => [
  ...podmanOnly(),
  ...networkingRows(),
  ...userNamespaceRows(),
  supported("ExitPolicy", "string", "Whether the pod ends with its last container: stop or continue", "stop", {
    since: "5.6",
    check: checkExitPolicy,
    flag: "exit-policy",
  }),
  supported("HostName", "lines", "Host name of the pod", "web", {
    since: "5.5",
    check: checkHostName,
    flag: "hostname",
  }),
  supported("Label", "map", "Labels", "org.example.stage=test", { since: "5.6", flag: "label" }),
  supported("Network", "lines", "A .network file or a network's name, with options; bridge, host or none", "host", {
    check: checkPodNetwork,
    flag: "network",
  }),
  supported("PodName", "string", "Name of the pod (default systemd-NAME)", "web", {
    check: checkPodName,
    flag: "name",
  }),
  supported("PodmanArgs", "exec-words", "More flags for creating the pod", "--dns=192.0.2.53"),
  supported("ServiceName", "string", "Name of the service, without .service", "shop-pod", { check: checkServiceName }),
  supported("ShmSize", "string", "Size of the shared /dev/shm", "100m", {
    since: "5.4",
    check: checkSize,
    flag: "shm-size",
  }),
  supported("StopTimeout", "string", "Seconds before SIGKILL, for containers that say nothing else", "30", {
    since: "5.7",
    check: checkStopTimeout,
  }),
  supported("Volume", "lines", "Host path or named volume for all containers", "/srv:/srv", {
    check: checkVolume,
    flag: "volume",
  }),
]);

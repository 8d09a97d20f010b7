import { POD } from "../../options/flags/pod-flags.ts";
import { parsePodName, parseServiceName } from "../../options/values/name.ts";
import { parsePodNetwork } from "../../options/values/network.ts";
import { parseStopTimeout } from "../../options/values/stop-timeout.ts";
import { networkingRows, userNamespaceRows } from "./common.ts";
import { carries, lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Pod]`: Quadlet's keys for a pod, podman-systemd.unit(5). */
export const podKeys = lazyKeyTable(() => [
  ...podmanOnly(),
  ...networkingRows(),
  ...userNamespaceRows(),
  supported("ExitPolicy", "string", "Whether the pod ends with its last container: stop or continue", "stop", {
    since: "5.6",
    ...carries(POD.exitPolicy),
  }),
  supported("HostName", "lines", "Host name of the pod", "web", { since: "5.5", ...carries(POD.hostname) }),
  supported("Label", "map", "Labels", "org.example.stage=test", { since: "5.6", ...carries(POD.label) }),
  supported(
    "Network",
    "lines",
    "A .network file or a network's name, with options; bridge, host or none",
    "host",
    carries(POD.network, parsePodNetwork),
  ),
  supported("PodName", "string", "Name of the pod (default systemd-NAME)", "web", carries(POD.name, parsePodName)),
  supported("PodmanArgs", "exec-words", "More flags for creating the pod", "--dns=192.0.2.53"),
  supported("ServiceName", "string", "Name of the service, without .service", "shop-pod", { parse: parseServiceName }),
  supported("ShmSize", "string", "Size of the shared /dev/shm", "100m", { since: "5.4", ...carries(POD.shmSize) }),
  supported("StopTimeout", "string", "Seconds before SIGKILL, for containers that say nothing else", "30", {
    since: "5.7",
    parse: parseStopTimeout,
  }),
  supported("Volume", "lines", "Host path or named volume for all containers", "/srv:/srv", carries(POD.volume)),
]);

import type { PodRequest } from "../../../src/options/requests/pod-request.ts";

/** A pod of which nothing in particular is asked. */
export const POD_REQUEST: PodRequest = {
  name: "shop",
  unit: "shop-pod.service",
  exitPolicy: "stop",
  hostname: "shop",
  labels: {},
  userNamespace: { mode: "host" },
  network: { mode: "host" },
  ports: [],
  addHosts: [],
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  shmSize: 64 * 1024 * 1024,
  mounts: [],
  shared: ["ipc", "net", "uts"],
  replace: false,
};

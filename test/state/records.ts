import type { ContainerRecord } from "../../src/state/container-record.ts";
import type { PodRecord } from "../../src/state/pod-record.ts";

const NOBODY = { pid: 1, startTime: "0" };

/** A record of a container with a network of the host's, and what a test says besides. */
export function containerRecord(changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: "0123456789abcdef0123456789abcdef",
    name: "web",
    unit: "web.service",
    image: "registry.example/web:1",
    imageDigest: `sha256:${"1".repeat(64)}`,
    imageLayers: [],
    command: ["server"],
    created: "2026-01-01T00:00:00Z",
    cgroup: "/no-such-cgroup",
    launcher: NOBODY,
    network: { mode: "host" },
    pod: undefined,
    addresses: {},
    ports: [],
    labels: {},
    stopSignal: "TERM",
    stopTimeout: 10,
    runtime: "runc",
    ...changes,
  };
}

/** A record of a pod that shares nothing, and what a test says besides. */
export function podRecord(changes: Partial<PodRecord> = {}): PodRecord {
  return {
    id: "fedcba9876543210fedcba9876543210",
    name: "shop",
    unit: "shop-pod.service",
    exitPolicy: "continue",
    hostname: "shop",
    labels: {},
    userNamespace: { mode: "host" },
    network: { mode: "none" },
    ports: [],
    addHosts: [],
    dns: [],
    dnsOptions: [],
    dnsSearch: [],
    shmSize: 0,
    mounts: [],
    shared: [],
    created: "2026-01-01T00:00:00Z",
    maker: NOBODY,
    addresses: {},
    ...changes,
  };
}

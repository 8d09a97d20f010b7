import { expect, test } from "bun:test";
import type { MountRequest, NetworkRequest, RunRequest } from "../../../src/options/requests/run-request.ts";
import { planRecord } from "../../../src/runtime/pod/create.ts";
import { requestInPod } from "../../../src/runtime/pod/join.ts";
import type { PodRecord } from "../../../src/state/pod-record.ts";
import { REQUEST } from "../request.ts";
import { POD_REQUEST } from "./pod-request.ts";

const pod = (rest: Partial<PodRecord> = {}): PodRecord => ({
  ...planRecord(POD_REQUEST, { id: "a", created: "", maker: { pid: 7, startTime: "42" }, ports: [] }),
  ...rest,
});
const inPod = (request: Partial<RunRequest>, record: PodRecord, inner?: string) =>
  requestInPod({ ...REQUEST, pod: "shop-pod", ...request }, record, inner);

const POD: NetworkRequest = { mode: "pod" };
const BRIDGE: NetworkRequest = {
  mode: "bridge",
  networks: [{ name: "net", ips: [], mac: undefined, interfaceName: undefined, aliases: [] }],
};

test("the pod is called by its name from there on", () => {
  expect(inPod({}, pod()).pod).toBe("shop");
});

test.each([
  ["the pod's bridge, whose namespace it joins", POD, BRIDGE, POD],
  ["the host's, as the pod", POD, { mode: "host" }, { mode: "host" }],
  ["none, as the pod", POD, { mode: "none" }, { mode: "none" }],
  ["its own", { mode: "none" }, BRIDGE, { mode: "none" }],
] as [string, NetworkRequest, NetworkRequest, NetworkRequest][])(
  "the container's network is %s",
  (_, network, pods, mode) => {
    expect(inPod({ network }, pod({ network: pods })).network).toEqual(mode);
  },
);

test("resolvers are the pod's with its network, and the container's own otherwise", () => {
  const record = pod({ dns: ["192.0.2.1"] });
  expect(inPod({ network: POD, dns: ["192.0.2.2"] }, record).dns).toEqual(["192.0.2.1"]);
  expect(inPod({ network: { mode: "none" }, dns: ["192.0.2.2"] }, record).dns).toEqual(["192.0.2.2"]);
});

test("the user is the container's own, or else the pod's", () => {
  expect(inPod({ user: "7" }, pod({ user: "1000:1000" })).user).toBe("7");
  expect(inPod({ user: undefined }, pod({ user: "1000:1000" })).user).toBe("1000:1000");
});

test("the user namespace is the pod's, where it has one", () => {
  expect(inPod({}, pod()).userNamespace).toEqual(REQUEST.userNamespace);
  expect(inPod({}, pod(), "/proc/7/fd/3").userNamespace).toEqual({ mode: "namespace", path: "/proc/7/fd/3" });
});

test("a mount of the container's own takes the place of the pod's", () => {
  const mount = (name: string, target: string): MountRequest => ({
    ...{ type: "volume", name, target, options: [] },
  });
  const record = pod({ mounts: [mount("pod-data", "/data"), mount("pod-logs", "/logs")] });
  const { mounts } = inPod({ mounts: [mount("data", "/data")] }, record);
  expect(mounts).toEqual([mount("pod-logs", "/logs"), mount("data", "/data")]);
});

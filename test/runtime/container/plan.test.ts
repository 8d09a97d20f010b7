import { describe, expect, test } from "bun:test";
import { parseDiffId } from "../../../src/image/document/digest.ts";
import type { StoredImage } from "../../../src/image/store/store.ts";
import type { NetworkRequest, RunRequest } from "../../../src/options/requests/run-request.ts";
import { planStart, type StartFacts, type StartPlan } from "../../../src/runtime/container/plan.ts";
import { IMAGE, REQUEST, STORED_IMAGE } from "../request.ts";

const ID = "0123456789abcdef0123456789abcdef";
const FACTS: StartFacts = {
  id: ID,
  runtime: "runc",
  scope: "system",
  launcher: { pid: 7, startTime: "100" },
  created: "2024-01-01T00:00:00.000Z",
  unitCgroup: "/system.slice/app.service",
  hostHostname: "machine",
  pod: undefined,
  otherImages: new Map(),
};
const POD = { id: "f".repeat(32), unit: "web-pod.service", hostname: "web" };
const SHELL = { unit: undefined } as const;

function plan(request: Partial<RunRequest> = {}, facts: Partial<StartFacts> = {}, image: Partial<StoredImage> = {}) {
  return planStart({ ...REQUEST, ...request }, { ...STORED_IMAGE, ...image }, { ...FACTS, ...facts });
}

/** A few things at once, as they are in the plan. */
type Expected = Partial<Omit<StartPlan, "record">> & { record?: Partial<StartPlan["record"]> };

describe("the plan of a start", () => {
  test.each([
    ["has the request's name", { name: "web" }, {}, { name: "web", record: { name: "web" } }],
    ["is named for its ID", { name: undefined }, {}, { name: "0123456789ab", record: { name: "0123456789ab" } }],
    ["takes its host name of the ID", {}, {}, { hostname: "0123456789ab" }],
    ["takes its host name of the request", { hostname: "box" }, {}, { hostname: "box" }],
    ["takes its host name of the host", { network: { mode: "host" } }, {}, { hostname: "machine" }],
    ["asks for another than the host's", { network: { mode: "host" }, hostname: "box" }, {}, { hostname: "box" }],
    ["takes its host name of the pod", { pod: "web", hostname: "box" }, { pod: POD }, { hostname: "web" }],
    [
      "has its own host name in a pod that shares none",
      { pod: "web", hostname: "box" },
      { pod: { ...POD, hostname: undefined } },
      { hostname: "box" },
    ],
    [
      "is a child of its unit's cgroup",
      {},
      {},
      {
        cgroup: {
          cgroupsPath: "/system.slice/app.service/container",
          suffix: "/system.slice/app.service/container",
          systemd: false,
          unitPath: "/system.slice/app.service",
          holdsUnit: true,
        },
        record: { cgroup: "/system.slice/app.service/container" },
      },
    ],
    [
      "is one also where systemd has started the launcher in another child",
      {},
      { unitCgroup: "/system.slice/app.service/launcher" },
      {
        cgroup: {
          cgroupsPath: "/system.slice/app.service/container",
          suffix: "/system.slice/app.service/container",
          systemd: false,
          unitPath: "/system.slice/app.service",
        },
        record: { cgroup: "/system.slice/app.service/container" },
      },
    ],
    [
      "gets a scope of systemd's in a shell",
      SHELL,
      { unitCgroup: undefined },
      { cgroup: { cgroupsPath: `system.slice:berth:${ID}`, suffix: `/berth-${ID}.scope`, systemd: true } },
    ],
    ["notes nothing of a shell", SHELL, {}, { unit: undefined, record: { unit: undefined } }],
    ["notes its unit", {}, {}, { unit: { name: "app.service", runs: { kind: "container", id: ID } } }],
    [
      "notes the pod's unit with its own",
      { pod: "web" },
      { pod: POD },
      { unit: { name: "app.service", runs: { kind: "container", id: ID, pod: "web-pod.service" } } },
    ],
  ] as [string, Partial<RunRequest>, Partial<StartFacts>, Expected][])("%s", (_, request, facts, expected) => {
    expect(plan(request, facts)).toMatchObject(expected);
  });

  test("is refused where there is nothing to run", () => {
    const config = { ...IMAGE, entrypoint: [], command: [] };
    expect(() => plan({}, {}, { config })).toThrow(expect.objectContaining({ code: "bad-request" }));
  });

  test("is refused for a unit without a cgroup", () => {
    expect(() => plan({}, { unitCgroup: undefined })).toThrow(expect.objectContaining({ code: "systemd" }));
  });
});

describe("the record", () => {
  test("says what is known before there is a network", () => {
    const ports = [
      { hostIp: "", hostPort: 8080, containerPort: 80, range: 1, protocol: "tcp" },
    ] as const satisfies RunRequest["ports"];
    const { record } = plan({
      ports,
      mounts: [{ type: "volume", name: "data", target: "/data", options: [] }],
      labels: { own: "1", both: "request" },
    });
    expect(record).toMatchObject({
      id: ID,
      runtime: "runc",
      image: STORED_IMAGE.reference,
      imageDigest: STORED_IMAGE.configDigest,
      imageLayers: STORED_IMAGE.layers,
      otherImages: [],
      volumes: ["data"],
      command: ["/entry", "cmd"],
      created: FACTS.created,
      launcher: FACTS.launcher,
      addresses: {},
      ports,
      stopTimeout: 10,
    });
  });

  test("has the request's labels over the image's", () => {
    const config = { ...IMAGE, labels: { image: "1", both: "image" } };
    const { record } = plan({ labels: { own: "1", both: "request" } }, {}, { config });
    expect(record.labels).toEqual({ image: "1", own: "1", both: "request" });
  });

  test("keeps the layers of images that are mounted", () => {
    const layer = (digit: string) => parseDiffId(`sha256:${digit.repeat(64)}`);
    const otherImages: StartFacts["otherImages"] = new Map([
      ["other", [layer("a")]],
      ["third", [layer("b"), layer("c")]],
    ]);
    const { record } = plan({}, { otherImages });
    expect(record.otherImages).toEqual([[layer("a")], [layer("b"), layer("c")]]);
  });

  test.each([
    [undefined, "", "TERM"],
    [undefined, "SIGQUIT", "QUIT"],
    [undefined, "sigwinch", "WINCH"],
    ["SIGUSR1", "SIGQUIT", "USR1"],
    ["9", "", "9"],
  ])("has %j over the image's %j as stop signal %s", (stopSignal, ofImage, expected) => {
    const config = { ...IMAGE, stopSignal: ofImage };
    expect(plan({ stopSignal }, {}, { config }).record.stopSignal).toBe(expected);
  });

  test("names the image as asked for where the store has no name for it", () => {
    expect(plan({ image: "sha256:abc" }, {}, { reference: "" }).record.image).toBe("sha256:abc");
  });
});

describe("namespaces", () => {
  const BRIDGE = REQUEST.network;
  test.each([
    ["none for the host's ids", {}, undefined],
    ["one for other ids, with a network for a bridge", { userNamespace: { mode: "nomap" } }, { withNetwork: true }],
    ["one for the ids of a user of the host's", { idsOf: "app" }, { withNetwork: true }],
    ...(
      [
        [{ mode: "pasta", options: [] }, true],
        [BRIDGE, true],
        [{ mode: "host" }, false],
        [{ mode: "none" }, false],
        [{ mode: "pod" }, false],
        [{ mode: "container", name: "other" }, false],
        [{ mode: "namespace", path: "/run/netns/x" }, false],
      ] as [NetworkRequest, boolean][]
    ).map(([network, withNetwork]) => [
      `one with ${withNetwork ? "a" : "no"} network for ${network.mode}`,
      { userNamespace: { mode: "nomap" }, network },
      { withNetwork },
    ]),
  ] as [string, Partial<RunRequest>, StartPlan["userNamespace"]][])("of users: %s", (_, request, expected) => {
    expect(plan(request).userNamespace).toEqual(expected);
  });
});

describe("the network", () => {
  test.each([
    [{}, false],
    [{ "net.ipv4.ip_forward": "1" }, false],
    [{ "net.ipv4.conf.eth0.forwarding": "1" }, true],
    [{ "net.ipv6.neigh.default.gc_thresh1": "1" }, true],
    [{ "kernel.shm_rmid_forced": "1" }, false],
  ])("is finished first for sysctls of interfaces alone: %j", (sysctls, first) => {
    expect(plan({ sysctls }).networkFirst).toBe(first);
  });

  test("of a pod is the pod's, and finds the container by its names", () => {
    const { networkOwner, memberNames } = plan({ pod: "web", network: { mode: "pod" } }, { pod: POD });
    expect(networkOwner).toBe(POD.id);
    expect(memberNames).toEqual(["app", "0123456789ab"]);
  });

  test("of a container in a pod can be its own", () => {
    expect(plan({ pod: "web" }, { pod: POD })).toMatchObject({ networkOwner: ID, memberNames: [] });
  });

  test.each([
    ["nothing", [], [], true],
    ["what the kernel makes", [{ type: "tmpfs", target: "/t", options: [] }], [], true],
    ["a file of the host's", [{ type: "bind", source: "/s", target: "/t", options: [] }], [], false],
    ["a volume", [{ type: "volume", name: "v", target: "/t", options: [] }], [], false],
    ["a volume of the image's", [], ["/data"], false],
  ] as [string, RunRequest["mounts"], string[], boolean][])("waits for no mount beside %s: %#", (...row) => {
    const [, mounts, volumes, atOnce] = row;
    expect(plan({ mounts }, {}, { config: { ...IMAGE, volumes } }).mountsAtOnce).toBe(atOnce);
  });
});

test.each([
  [[], false],
  [["ro"], false],
  [["ro", "idmap"], true],
  [["idmap=uids=0-1000-1"], true],
])("options %j of a mount need its ids mapped: %p", (options, expected) => {
  const mounts = [{ type: "bind", source: "/s", target: "/t", options }] as const;
  expect(plan({ mounts }).mapsMountIds).toBe(expected);
});

test("the scope of a container that a service runs in the foreground ends after it, in the container's own time", () => {
  const request = { ...REQUEST, ...SHELL, stopTimeout: 3 };
  const { cgroup } = planStart(request, STORED_IMAGE, { ...FACTS, unitCgroup: undefined, caller: "db.service" });
  expect(cgroup.annotations).toEqual({
    "org.systemd.property.BindsTo": "['db.service']",
    "org.systemd.property.Before": "['db.service']",
    "org.systemd.property.TimeoutStopUSec": "uint64 3000000",
  });
});

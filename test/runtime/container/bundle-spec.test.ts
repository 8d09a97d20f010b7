import { describe, expect, test } from "bun:test";
import type { NetworkRequest, RunRequest } from "../../../src/options/requests/run-request.ts";
import { type BundleFacts, type BundleStart, specInput } from "../../../src/runtime/container/bundle-spec.ts";
import { planStart } from "../../../src/runtime/container/plan.ts";
import { systemScope, userScope } from "../../../src/scope.ts";
import { IMAGE, REQUEST, STORED_IMAGE } from "../request.ts";

const ID = "0123456789abcdef0123456789abcdef";
const FACTS: BundleFacts = {
  user: { uid: 0, gid: 0, groups: [], home: "/root" },
  rootfs: "/bundle/rootfs",
  sockets: 0,
  mounts: [],
  environmentFiles: [],
  bounding: [],
  seccomp: undefined,
  hardLimits: { nofile: 1024, nproc: 512 },
  traits: { needsMapsOfJoinedNamespace: true, pipesOutput: true, scopeAnnotations: {} },
};
const CONTEXT: BundleStart["context"] = {
  scope: systemScope(),
  env: {},
  program: "/bin/berth",
  inUserNamespace: false,
};

type Given = Partial<Omit<BundleStart, "request" | "context">> & {
  request?: Partial<RunRequest>;
  context?: Partial<BundleStart["context"]>;
};

function input(given: Given = {}, facts: Partial<BundleFacts> = {}) {
  const request = { ...REQUEST, ...given.request };
  const plan = planStart(request, STORED_IMAGE, {
    id: ID,
    runtime: "runc",
    scope: "system",
    launcher: { pid: 7, startTime: "100" },
    created: "2024-01-01T00:00:00.000Z",
    unitCgroup: "/system.slice/app.service",
    hostHostname: "machine",
    pod: undefined,
    otherImages: new Map(),
  });
  const start: BundleStart = {
    image: STORED_IMAGE,
    plan,
    namespace: undefined,
    pod: undefined,
    joined: undefined,
    network: undefined,
    ...given,
    request,
    context: { ...CONTEXT, ...given.context },
  };
  return specInput(start, { ...FACTS, ...facts });
}

/** A pod with a namespace for each of these. */
function pod(paths: Readonly<Record<string, string>>, network?: string): BundleStart["pod"] {
  return { path: (kind) => paths[kind], network };
}

describe("config.json is made of", () => {
  test("the plan's names and cgroup, and what the bundle has found out", () => {
    expect(input({ request: { hostname: "box" } })).toMatchObject({
      hostname: "box",
      cgroupsPath: "/system.slice/app.service/container",
      rootfs: "/bundle/rootfs",
      hardLimits: { nofile: 1024, nproc: 512 },
      image: IMAGE,
      joined: {},
      userNamespace: undefined,
    });
  });

  test.each([
    ["the host's", { mode: "host" }, {}, undefined],
    ["an empty one", { mode: "none" }, {}, ""],
    ["the one that is connected", REQUEST.network, { network: { path: "/proc/1/fd/9" } }, "/proc/1/fd/9"],
    ["the pod's", { mode: "pod" }, { pod: pod({}, "/proc/1/fd/8") }, "/proc/1/fd/8"],
    ["another container's", { mode: "container", name: "x" }, { joined: { path: "/proc/5/ns/net" } }, "/proc/5/ns/net"],
    ["that of one in the host's", { mode: "container", name: "x" }, { joined: { path: undefined } }, undefined],
  ] as [string, NetworkRequest, Given, string | undefined][])("a network: %s", (_, network, given, expected) => {
    expect(input({ ...given, request: { network } }).networkNamespace).toBe(expected);
  });

  test("namespaces of the pod", () => {
    const { joined } = input({ pod: pod({ ipc: "/proc/1/fd/4", pid: "/proc/1/fd/5" }) });
    expect(joined).toEqual({ ipc: "/proc/1/fd/4", pid: "/proc/1/fd/5", uts: undefined });
  });
});

describe("the payload's environment", () => {
  test("has the image's, the files' and the request's, later ones over earlier ones", () => {
    const image = { ...STORED_IMAGE, config: { ...IMAGE, env: ["A=image", "B=image", "C=image"] } };
    const { environment } = input({ image, request: { env: ["C=request"] } }, { environmentFiles: ["B=file\nC=file"] });
    expect(environment).toEqual(expect.arrayContaining(["A=image", "B=file", "C=request"]));
  });

  test("says where home is and what the host name is", () => {
    const { environment } = input();
    expect(environment).toEqual(expect.arrayContaining(["HOME=/root", "HOSTNAME=0123456789ab"]));
  });

  test("says what systemd handed over, and nothing overrides that", () => {
    const env = { LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b", NOTIFY_SOCKET: "/run/systemd/notify" };
    const request = { env: ["LISTEN_FDS=9"], sdnotify: "container" } as const;
    const { environment } = input({ context: { env }, request }, { sockets: 2 });
    expect(environment).toEqual(
      expect.arrayContaining([
        "LISTEN_FDS=2",
        "LISTEN_PID=1",
        "LISTEN_FDNAMES=a:b",
        "NOTIFY_SOCKET=/run/notify/notify.sock",
      ]),
    );
  });

  test("says nothing of sockets or of systemd where the payload gets neither", () => {
    const env = { LISTEN_FDS: "2", NOTIFY_SOCKET: "/run/systemd/notify" };
    const { environment } = input({ context: { env }, request: { envHost: true } });
    expect(environment.filter((text) => /^(LISTEN|NOTIFY)/.test(text))).toEqual([]);
  });
});

describe("cleaning up after the end", () => {
  test("is the unit's, where there is one", () => {
    expect(input().poststop).toBeUndefined();
  });

  test("is the OCI runtime's in a shell, without the caller's environment", () => {
    const { poststop } = input({ context: { env: { TOKEN: "secret" } }, request: { unit: undefined } });
    expect(poststop).toEqual({ path: "/bin/berth", args: ["berth", "cleanup", "--poststop", "--id", ID], env: [] });
  });

  test("finds the user's own files", () => {
    const env = { HOME: "/home/u", TOKEN: "secret" };
    const context = { scope: userScope(1000, env, "/home/u"), env, inUserNamespace: true };
    const { poststop } = input({ context, request: { unit: undefined } });
    expect(poststop?.env).toEqual(["HOME=/home/u", "BERTH_USER_NAMESPACE=1000"]);
  });
});

import { describe, expect, test } from "bun:test";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import { boundingSet } from "../../../src/runtime/spec/capabilities.ts";
import { MASKED_PATHS, READONLY_PATHS } from "../../../src/runtime/spec/defaults.ts";
import { formatRuntimeSpec, type SpecInput, toRuntimeSpec } from "../../../src/runtime/spec/oci-config.ts";
import type { SpecMount } from "../../../src/runtime/spec/runtime-spec.ts";
import { IMAGE, REQUEST } from "../request.ts";

type Given = Partial<Omit<SpecInput, "request" | "image">> & {
  request?: Partial<RunRequest>;
  image?: Partial<SpecInput["image"]>;
};

function spec(given: Given = {}) {
  const request = { ...REQUEST, ...given.request };
  return toRuntimeSpec({
    user: { uid: 0, gid: 0, groups: [], home: "/root" },
    bounding: boundingSet(request.capAdd, request.capDrop),
    environment: ["A=1"],
    hostname: "box",
    rootfs: "/rootfs",
    mounts: [],
    cgroupsPath: "/unit/container",
    networkNamespace: "/proc/1/fd/3",
    joined: {},
    traits: { needsMapsOfJoinedNamespace: true },
    seccomp: undefined,
    inUserNamespace: false,
    userNamespace: undefined,
    hardLimits: { nofile: Number.POSITIVE_INFINITY, nproc: Number.POSITIVE_INFINITY },
    poststop: undefined,
    ...given,
    request,
    image: { ...IMAGE, ...given.image },
  });
}

const APP = { uid: 1000, gid: 44, groups: [44], home: "/" };
const mountAt = (mounts: readonly SpecMount[], destination: string) =>
  mounts.find((mount) => mount.destination === destination);
const bind = (destination: string): SpecMount => ({ destination, type: "bind", source: "/s", options: ["rbind"] });

describe("the process", () => {
  test.each([
    ["the image's both", {}, {}, ["/entry", "cmd"]],
    ["other arguments", { command: ["x", "y"] }, {}, ["/entry", "x", "y"]],
    ["another entrypoint, without the image's arguments", { entrypoint: ["/other"] }, {}, ["/other"]],
    ["another entrypoint and arguments", { entrypoint: ["/other", "-v"], command: ["x"] }, {}, ["/other", "-v", "x"]],
    ["no entrypoint", { entrypoint: [], command: ["x"] }, {}, ["x"]],
    ["no entrypoint in the image", {}, { entrypoint: [] }, ["cmd"]],
    ["an init before it", { init: true }, {}, ["/run/berth-init", "--", "/entry", "cmd"]],
  ] as [string, Partial<RunRequest>, object, string[]][])("runs %s", (_, request, image, args) => {
    expect(spec({ request, image }).process.args).toEqual(args);
  });

  test("needs a command", () => {
    expect(() => spec({ image: { entrypoint: [], command: [] } })).toThrow("no command");
    expect(() => spec({ request: { entrypoint: [] } })).toThrow("no command");
  });

  test("starts where the request says, else the image, else in /", () => {
    expect(spec().process.cwd).toBe("/");
    expect(spec({ image: { workingDirectory: "/srv" } }).process.cwd).toBe("/srv");
    expect(spec({ image: { workingDirectory: "/srv" }, request: { workdir: "/tmp" } }).process.cwd).toBe("/tmp");
  });

  test("has the user, its groups and podman's umask", () => {
    expect(spec().process.user).toEqual({ uid: 0, gid: 0, umask: 0o022 });
    expect(spec({ user: APP }).process.user).toEqual({ uid: 1000, gid: 44, umask: 0o022, additionalGids: [44] });
  });

  test("root holds the bounding set, and passes none of it on", () => {
    const { capabilities } = spec({ request: { capAdd: ["NET_RAW"], capDrop: ["CHOWN"] } }).process;
    expect(capabilities.bounding).toContain("CAP_NET_RAW");
    expect(capabilities.bounding).not.toContain("CAP_CHOWN");
    expect(capabilities.effective).toEqual(capabilities.bounding);
    expect(capabilities.permitted).toEqual(capabilities.bounding);
    expect([...capabilities.inheritable, ...capabilities.ambient]).toEqual([]);
  });

  test("another user holds what is added, over exec too", () => {
    expect(spec({ user: APP }).process.capabilities).toMatchObject({ effective: [], permitted: [], ambient: [] });
    const one = ["CAP_NET_RAW"];
    expect(spec({ user: APP, request: { capAdd: ["NET_RAW"] } }).process.capabilities).toMatchObject({
      effective: one,
      permitted: one,
      inheritable: one,
      ambient: one,
    });
    const all = spec({ user: APP, request: { capAdd: ["ALL"], capDrop: ["KILL"] } }).process.capabilities;
    expect(all.ambient).toEqual(all.bounding);
    expect(all.ambient).not.toContain("CAP_KILL");
  });
});

describe("resource limits", () => {
  const limits = (given: Given) =>
    Object.fromEntries(spec(given).process.rlimits.map(({ type, soft, hard }) => [type, [soft, hard]]));

  test("are a million files and processes, or what can be given", () => {
    expect(limits({})).toEqual({ RLIMIT_NOFILE: [1048576, 1048576], RLIMIT_NPROC: [1048576, 1048576] });
    expect(limits({ hardLimits: { nofile: 4096, nproc: 2 ** 30 } })).toEqual({
      RLIMIT_NOFILE: [4096, 4096],
      RLIMIT_NPROC: [1048576, 1048576],
    });
  });

  test("are the request's", () => {
    const ulimits = [
      { type: "nofile", soft: 10, hard: 20 },
      { type: "core", soft: 0, hard: 0 },
    ];
    expect(limits({ request: { ulimits } })).toEqual({
      RLIMIT_NOFILE: [10, 20],
      RLIMIT_NPROC: [1048576, 1048576],
      RLIMIT_CORE: [0, 0],
    });
    expect(limits({ request: { ulimits: "host" } })).toEqual({});
  });

  test("are written as infinity without loss", () => {
    const text = formatRuntimeSpec(spec({ request: { ulimits: [{ type: "core", soft: 0, hard: -1 }] } }));
    expect(text).toContain('{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615}');
  });

  test("are the only numbers that are written so", () => {
    const environment = [`MAX=${Number.MAX_SAFE_INTEGER}`, `JSON={"soft":${Number.MAX_SAFE_INTEGER}}`];
    const ulimits = [{ type: "core", soft: -1, hard: -1 }];
    const text = formatRuntimeSpec(spec({ environment, request: { ulimits } }));
    expect(JSON.parse(text).process.env).toEqual(environment);
  });
});

describe("namespaces, host name and sysctls", () => {
  const kinds = (given: Given) => spec(given).linux.namespaces.map(({ type }) => type);

  test("a network of its own, joined or empty", () => {
    expect(spec().linux.namespaces).toContainEqual({ type: "network", path: "/proc/1/fd/3" });
    expect(spec({ networkNamespace: "" }).linux.namespaces).toContainEqual({ type: "network" });
    expect(spec().hostname).toBe("box");
    expect(spec().linux.sysctl).toEqual({ "net.ipv4.ping_group_range": "0 0" });
  });

  test("the host's network comes with its name and settings", () => {
    const host: Given = { request: { network: { mode: "host" } }, networkNamespace: undefined };
    expect(kinds(host)).toEqual(["pid", "ipc", "mount", "cgroup"]);
    expect(spec(host)).not.toHaveProperty("hostname");
    expect(spec(host).linux.sysctl).toEqual({});
    const named: Given = { ...host, request: { network: { mode: "host" }, hostname: "other" }, hostname: "other" };
    expect(kinds(named)).toContain("uts");
    expect(spec(named).hostname).toBe("other");
  });

  test("sysctls of the network are refused where it is the host's", () => {
    const sysctls = { "net.core.somaxconn": "1", "kernel.shmmax": "2" };
    expect(spec({ request: { sysctls } }).linux.sysctl).toMatchObject(sysctls);
    expect(() => spec({ request: { network: { mode: "host" }, sysctls }, networkNamespace: undefined })).toThrow(
      "sysctl net.core.somaxconn",
    );
  });

  test("what nobody may see or change", () => {
    expect(spec().linux.maskedPaths).toEqual([...MASKED_PATHS]);
    expect(spec().linux.readonlyPaths).toEqual([...READONLY_PATHS]);
  });
});

describe("a user namespace", () => {
  const maps = {
    uids: [
      { inside: 0, outside: 100000, size: 5 },
      { inside: 5, outside: 0, size: 1 },
    ],
    gids: [{ inside: 0, outside: 200000, size: 4 }],
  };
  const userNamespace = { path: "/proc/./1/fd/5", maps };

  test("is joined, with its maps for an OCI runtime that does not find them itself", () => {
    const { namespaces, uidMappings, gidMappings } = spec({ userNamespace }).linux;
    expect(namespaces).toContainEqual({ type: "user", path: "/proc/./1/fd/5" });
    expect(uidMappings).toEqual([
      { containerID: 0, hostID: 100000, size: 5 },
      { containerID: 5, hostID: 0, size: 1 },
    ]);
    expect(gidMappings).toEqual([{ containerID: 0, hostID: 200000, size: 4 }]);
  });

  test("is joined without its maps for one that does", () => {
    const { linux } = spec({ userNamespace, traits: { needsMapsOfJoinedNamespace: false } });
    expect(linux.namespaces).toContainEqual({ type: "user", path: "/proc/./1/fd/5" });
    expect(Object.keys(linux)).not.toContain("uidMappings");
  });

  test("without the group of terminals mounts devpts without it", () => {
    const devpts = (given: Given) => mountAt(spec(given).mounts, "/dev/pts")?.options;
    expect(devpts({})).toContain("gid=5");
    expect(devpts({ userNamespace })).not.toContain("gid=5");
  });

  test("that maps no root group leaves the network's settings", () => {
    const unmapped = { ...userNamespace, maps: { ...maps, gids: [{ inside: 1, outside: 200000, size: 4 }] } };
    expect(spec().linux.sysctl).not.toEqual({});
    expect(spec({ userNamespace: unmapped }).linux.sysctl).toEqual({});
  });
});

test("namespaces of a pod take the place of the container's own", () => {
  const { linux, hostname } = spec({ joined: { ipc: "/ipc", pid: "/pid", uts: "/uts" } });
  for (const type of ["ipc", "pid", "uts"]) expect(linux.namespaces).toContainEqual({ type, path: `/${type}` });
  expect(hostname).toBeUndefined();
});

describe("mounts", () => {
  test("come after what they lie in, and take the place of the defaults", () => {
    const mounts = ["/data/a/b", "/etc/hosts", "/data", "/dev/shm", "/data/a"].map(bind);
    const order = spec({ mounts }).mounts.map(({ destination }) => destination);
    // Below the kernel's own, which cover what a link in one of the others has led there.
    expect(order.slice(0, 5)).toEqual(["/data", "/etc/hosts", "/data/a", "/data/a/b", "/proc"]);
    expect(order.filter((path) => path === "/dev/shm")).toHaveLength(1);
    expect(order.indexOf("/dev/shm")).toBeGreaterThan(order.indexOf("/dev"));
    expect(mountAt(spec({ mounts }).mounts, "/dev/shm")?.type).toBe("bind");
  });

  test("give /dev/shm its size; 0 is no limit", () => {
    expect(mountAt(spec().mounts, "/dev/shm")?.options).toContain("size=67108864");
    expect(mountAt(spec({ request: { shmSize: 0 } }).mounts, "/dev/shm")?.options).toContain("size=0");
  });

  test("leave writable places in a read-only root, unless told not to", () => {
    const readOnly = spec({ request: { readOnly: true } });
    expect(readOnly.root.readonly).toBe(true);
    for (const path of ["/run", "/tmp", "/var/tmp"]) {
      expect(mountAt(readOnly.mounts, path)?.options).toEqual(["rw", "nosuid", "nodev", "tmpcopyup"]);
    }
    expect(mountAt(readOnly.mounts, "/dev")?.options).not.toContain("ro");
    const throughout = spec({ request: { readOnly: true, readOnlyTmpfs: false } });
    expect(mountAt(throughout.mounts, "/tmp")).toBeUndefined();
    for (const path of ["/dev", "/dev/shm"]) expect(mountAt(throughout.mounts, path)?.options).toContain("ro");
    expect(mountAt(spec({ request: { readOnlyTmpfs: false } }).mounts, "/dev")?.options).not.toContain("ro");
  });

  test("show the host's /sys where a user namespace may not mount its own", () => {
    const { mounts } = spec({
      request: { network: { mode: "host" } },
      networkNamespace: undefined,
      inUserNamespace: true,
    });
    expect(mountAt(mounts, "/sys")).toMatchObject({ source: "/sys", options: expect.arrayContaining(["rbind", "ro"]) });
    // Over the host's, which the container's root could write to in its own user's part.
    expect(mountAt(mounts, "/sys/fs/cgroup")).toMatchObject({
      type: "cgroup",
      options: expect.arrayContaining(["ro"]),
    });
    expect(mountAt(spec({ inUserNamespace: true }).mounts, "/sys")?.type).toBe("sysfs");
  });
});

test("the hook that cleans up is only there where it is asked for", () => {
  expect(spec()).not.toHaveProperty("hooks");
  const poststop = { path: "/usr/local/bin/berth", args: ["berth", "cleanup"], env: [] };
  expect(spec({ poststop }).hooks).toEqual({ poststop: [poststop] });
});

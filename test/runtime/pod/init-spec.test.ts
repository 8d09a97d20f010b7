import { expect, test } from "bun:test";
import { type InitSpecInput, initSpec } from "../../../src/runtime/pod/init-spec.ts";

const INPUT: InitSpecInput = {
  root: "/root",
  program: "/usr/libexec/catatonit",
  paths: { network: "/proc/./7/fd/3", ipc: undefined, uts: "/proc/./7/fd/4" },
  userNamespace: undefined,
  cgroupsPath: "/pod",
  traits: { needsMapsOfJoinedNamespace: true },
  seccomp: undefined,
};

test("a pod's first process has a new PID namespace, and those of the pod, new ones in the place of others", () => {
  expect(initSpec(INPUT).linux.namespaces).toEqual([
    { type: "pid" },
    { type: "mount" },
    { type: "cgroup" },
    { type: "network", path: "/proc/./7/fd/3" },
    { type: "ipc" },
    { type: "uts", path: "/proc/./7/fd/4" },
  ]);
});

test("a pod's first process has no capability, no device, and no file of the host but its program", () => {
  const { process, mounts, root, linux } = initSpec(INPUT);
  expect(Object.values(process.capabilities).flat()).toEqual([]);
  expect(process.noNewPrivileges).toBe(true);
  expect(root).toEqual({ path: "/root", readonly: true });
  expect(mounts.map(({ destination }) => destination).sort()).toEqual(["/catatonit", "/dev", "/proc"]);
  expect(mounts.find(({ destination }) => destination === "/catatonit")).toMatchObject({
    source: "/usr/libexec/catatonit",
    options: expect.arrayContaining(["ro"]),
  });
  expect(linux.resources.devices).toEqual([{ allow: false, access: "rwm" }]);
  expect("seccomp" in linux).toBe(false);
});

test("a pod's first process joins the containers' user namespace", () => {
  const maps = { uids: [{ inside: 0, outside: 100_000, size: 10 }], gids: [{ inside: 0, outside: 200_000, size: 10 }] };
  const userNamespace = { maps, fd: 5, path: "/proc/./7/fd/5", network: undefined };
  const { linux } = initSpec({ ...INPUT, userNamespace });
  expect(linux.namespaces).toContainEqual({ type: "user", path: "/proc/./7/fd/5" });
  expect(linux.uidMappings).toEqual([{ containerID: 0, hostID: 100_000, size: 10 }]);
  expect(linux.gidMappings).toEqual([{ containerID: 0, hostID: 200_000, size: 10 }]);
});

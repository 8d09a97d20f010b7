import { expect, test } from "bun:test";
import { shmOptions } from "../../../src/runtime/pod/pod-namespaces.ts";

test("/dev/shm is writable for every user, and has the pod's size", () => {
  expect(shmOptions({ shmSize: 4096, inner: undefined })).toBe("mode=1777,size=4096");
});

test("/dev/shm belongs to root of the pod's user namespace", () => {
  const inner = { fd: 3, path: "/proc/7/fd/3", root: { uid: 100_000, gid: 200_000 } };
  expect(shmOptions({ shmSize: 0, inner })).toBe("mode=1777,size=0,uid=100000,gid=200000");
});

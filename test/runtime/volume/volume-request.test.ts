import { expect, test } from "bun:test";
import { toVolume, type VolumeRequest } from "../../../src/runtime/volume/volume-request.ts";

const request = (rest: Partial<VolumeRequest> = {}): VolumeRequest => ({
  ...{ name: "data", driver: "", options: [], labels: {} },
  ...rest,
});
const plan = (rest: Partial<VolumeRequest> = {}) => toVolume(request(rest), "2026-01-02T03:04:05.000Z");

test("a volume of which nothing is asked is to be filled, and to get an owner", () => {
  expect(plan()).toEqual({
    name: "data",
    driver: "local",
    options: {},
    labels: {},
    uid: 0,
    gid: 0,
    created: "2026-01-02T03:04:05.000Z",
    needsCopyUp: true,
    needsOwner: true,
  });
});

test.each([
  ["a user", { uid: 7 }, 7, 0],
  ["a group of mount options", { options: ["type=tmpfs", "device=tmpfs", "o=size=1m,gid=8"] }, 0, 8],
  ["flags before mount options", { options: ["o=uid=1,gid=2"], uid: 7 }, 7, 2],
] as [string, Partial<VolumeRequest>, number, number][])(
  "an owner that is asked for stays: %s",
  (_, rest, uid, gid) => {
    const { needsOwner, ...volume } = plan(rest);
    expect([volume.uid, volume.gid, needsOwner]).toEqual([uid, gid, false]);
  },
);

test("a folder of the host keeps its owner", () => {
  expect(plan({ options: ["type=none", "device=/tmp", "o=bind"] }).needsOwner).toBe(false);
});

test("the last option of a kind counts, and mount options have no empty words", () => {
  expect(plan({ options: ["type=tmpfs", "o=size=1m,,noexec", "type=ramfs"] }).options).toEqual({
    type: "ramfs",
    o: "size=1m,noexec",
  });
});

test("a volume of an image is neither filled at its first use nor given an owner", () => {
  const { driver, options, needsCopyUp, needsOwner } = plan({
    driver: "image",
    options: ["image=registry.example/a:1"],
  });
  expect({ driver, options, needsCopyUp, needsOwner }).toEqual({
    ...{ driver: "image", options: { image: "registry.example/a:1" }, needsCopyUp: false, needsOwner: false },
  });
});

test.each([
  [{ name: ".data" }, '".data" is not the name of a volume: letters, digits, _ . and -'],
  [{ driver: "nfs" }, "volume driver nfs is not supported: local or image"],
  [{ driver: "image" }, "driver image needs an image (--opt image=NAME)"],
  [{ driver: "image", options: ["type=tmpfs"] }, '"type" is not an option of a volume with driver image (image)'],
  [{ options: ["size=1g"] }, '"size" is not an option of a volume with driver local (type, device, o, copy, nocopy)'],
  [{ options: ["o=uid=me"] }, 'o=uid=me: "me" is not a number'],
  [{ options: ["o=bind", "device=data"] }, 'a bind mount needs the path of a folder as its device, not "data"'],
  [{ options: ["o=bind", "device=/nowhere/at/all"] }, "device /nowhere/at/all does not exist on the host"],
  [{ options: ["o=size=1g"] }, "o=size=1g: quotas are not supported yet (a tmpfs has a size: type=tmpfs)"],
  [{ options: ["o=uid=7,noexec"] }, "o=noexec: mount options need a type or a device"],
] as [Partial<VolumeRequest>, string][])("%j is refused", (rest, message) => {
  expect(() => plan(rest)).toThrow(message);
});

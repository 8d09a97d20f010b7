import { expect, test } from "bun:test";
import { describeVolume } from "../../../src/runtime/volume/describe.ts";
import { systemScope } from "../../../src/scope.ts";
import { newVolume } from "../../../src/state/volume-record.ts";

test("a volume is described in podman's names", () => {
  const volume = { ...newVolume("data", "2026-01-02T03:04:05.000Z"), uid: 7, labels: { a: "b" }, needsCopyUp: false };
  expect(describeVolume(systemScope("/nowhere"), volume)).toEqual({
    Name: "data",
    Driver: "local",
    Mountpoint: expect.stringMatching(/\/volumes\/data\/_data$/),
    CreatedAt: "2026-01-02T03:04:05.000Z",
    Labels: { a: "b" },
    Scope: "local",
    Options: {},
    UID: 7,
    GID: 0,
    MountCount: 0,
    NeedsCopyUp: false,
    NeedsChown: true,
  });
});

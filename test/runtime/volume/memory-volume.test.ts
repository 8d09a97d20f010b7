import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVolume } from "../../../src/runtime/volume/create.ts";
import { mountMemory, mountPointOf } from "../../../src/runtime/volume/memory-volume.ts";
import { systemScope } from "../../../src/scope.ts";
import { containerPaths } from "../../../src/state/paths.ts";
import { newVolume } from "../../../src/state/volume-record.ts";

const MOUNTS = `771 1410 0:176 / /mem rw,nosuid - tmpfs volume:data rw,size=1024k
772 1410 0:793 /srv /bound rw - ext4 volume:bound rw
773 1410 0:177 /below /part rw - tmpfs volume:part rw
774 1410 0:178 / /a\\040b rw shared:1 - tmpfs volume:blank rw
775 1410 0:179 / /ram rw master:2 - ramfs volume:ram rw
`;

test.each([
  ["data", "/mem"],
  ["ram", "/ram"],
  // Only a whole file system in memory, at a path that needs no decoding, is one.
  ["bound", undefined],
  ["part", undefined],
  ["blank", undefined],
  ["dat", undefined],
])("volume %s is found at %s", (name, expected) => {
  expect(mountPointOf(MOUNTS, `volume:${name}`)).toBe(expected);
});

test.each(["{", "null", '{"version":2,"name":"web"}'])(
  "a container with the record %s keeps none from a volume",
  (text) => {
    const root = mkdtempSync(join(tmpdir(), "berth-memory-"));
    try {
      const scope = systemScope(root);
      createVolume(scope, newVolume("data"));
      const other = containerPaths(scope, "other");
      mkdirSync(other.bundle, { recursive: true });
      writeFileSync(other.record, text);
      const device = { type: "tmpfs", device: "tmpfs", options: [] };
      const mount = () =>
        mountMemory({ scope, paths: containerPaths(scope, "own") }, "data", device, join(root, "none"));
      // There is no such place: what fails is the mount itself.
      expect(mount).toThrow(expect.objectContaining({ code: "volume" }));
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);

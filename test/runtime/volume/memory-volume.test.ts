import { expect, test } from "bun:test";
import { mountPointOf } from "../../../src/runtime/volume/memory-volume.ts";

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

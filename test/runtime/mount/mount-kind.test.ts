import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkMountKinds } from "../../../src/runtime/mount/mount-kind.ts";
import type { SpecMount } from "../../../src/runtime/spec/runtime-spec.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-kind-"));
  for (const dir of ["rootfs/folder", "rootfs/run", "folder"]) mkdirSync(join(top, dir), { recursive: true });
  for (const name of ["rootfs/file", "file"]) writeFileSync(join(top, name), "");
  for (const [name, target] of Object.entries({ loop: "loop", up: "../../file", far: "/not/there", in: "/folder" }))
    symlinkSync(target, join(top, "rootfs", name));
});
afterEach(() => rmSync(top, { recursive: true }));

const bind = (source: string, destination: string): SpecMount => ({
  ...{ type: "bind", source: join(top, source), destination, options: [] },
});
const check = (...mounts: readonly SpecMount[]) => checkMountKinds(join(top, "rootfs"), mounts);

test.each([
  ["file", "/folder", "/folder is a folder in the image, and a file is to be mounted on /folder"],
  ["file", "/in", "/folder is a folder in the image, and a file is to be mounted on /in"],
  ["folder", "/file", "/file is no folder in the image, and a folder is to be mounted on /file"],
  ["folder", "/up", "/file is no folder in the image, and a folder is to be mounted on /up"],
  ["file", "/file/below/it", "/file is no folder in the image, and a file is to be mounted on /file/below/it"],
  ["file", "/loop", "/loop: too many links in the image"],
])("a %s on %s is refused", (source, destination, why) => {
  expect(() => check(bind(source, destination))).toThrow(why);
});

test("what fits, what is not there, and what lies within another mount is left to the OCI runtime", () => {
  check(bind("file", "/file"), bind("file", "/up"), bind("folder", "/folder"), bind("folder", "/in"));
  check(bind("file", "/far"), bind("folder", "/new/folder"), bind("nowhere", "/folder"), bind("file", "/dev/null"));
  check(bind("folder", "/folder"), bind("file", "/folder/loop"), bind("file", "/in/loop"));
  check({ type: "tmpfs", source: "tmpfs", destination: "/file", options: [] });
});

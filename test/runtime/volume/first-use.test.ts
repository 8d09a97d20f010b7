import { afterEach, beforeEach, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVolume } from "../../../src/runtime/volume/create.ts";
import { afterUse, mayCopyUp, prepareForUse } from "../../../src/runtime/volume/first-use.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import { newVolume, readVolume, type Volume, volumePaths } from "../../../src/state/volume-record.ts";

/** Volumes keep owners, so only root can fill them. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;

let top: string;
let scope: Scope;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-first-use-"));
  scope = { ...systemScope(), stateDir: join(top, "state"), runtimeDir: join(top, "run") };
  mkdirSync(join(top, "root/srv/folder"), { recursive: true });
  writeFileSync(join(top, "root/srv/file"), "from the image");
  chownSync(join(top, "root/srv"), 5, 6);
});
afterEach(() => rmSync(top, { recursive: true }));

const paths = () => volumePaths(scope, "data");
const create = (more: Partial<Volume> = {}) => createVolume(scope, { ...newVolume("data"), ...more });
const use = (target: string, options: readonly string[] = [], owner = { uid: 1000, gid: 44 }) =>
  prepareForUse(scope, "data", { rootfs: join(top, "root"), target, owner, options });
const owner = () => {
  const { uid, gid } = statSync(paths().data);
  return [uid, gid];
};

rootTest("a volume that a unit has made empty is filled by the first container that has something for it", () => {
  create();
  use("/nothing");
  expect(readVolume(scope, "data")).toMatchObject({ needsCopyUp: true, needsOwner: false });
  use("/srv", ["nocopy"]);
  expect(readdirSync(paths().data)).toEqual([]);
  use("/srv");
  expect(readdirSync(paths().data).sort()).toEqual(["file", "folder"]);
  expect(readVolume(scope, "data")).toMatchObject({ needsCopyUp: false });
  rmSync(join(paths().data, "file"));
  use("/srv");
  expect(readdirSync(paths().data)).toEqual(["folder"]);
});

rootTest("the owner is settled with the first use", () => {
  create();
  use("/nothing");
  expect(owner()).toEqual([1000, 44]);
  use("/nothing", [], { uid: 7, gid: 7 });
  expect(owner()).toEqual([1000, 44]);
});

rootTest("an owner that was asked for stays", () => {
  create({ uid: 9, gid: 9, needsOwner: false });
  use("/srv");
  expect(owner()).toEqual([9, 9]);
  expect(readdirSync(paths().data)).toHaveLength(2);
});

rootTest("Copy=no leaves it empty", () => {
  create({ options: { nocopy: "" } });
  use("/srv");
  expect(readdirSync(paths().data)).toEqual([]);
  expect(owner()).toEqual([5, 6]);
});

rootTest("what somebody has put there is not added to", () => {
  create();
  writeFileSync(join(paths().data, "mine"), "");
  use("/srv");
  expect(readdirSync(paths().data)).toEqual(["mine"]);
});

rootTest("a copy that was cut off is begun anew, one that was complete is moved to its end", () => {
  create();
  mkdirSync(paths().unfinished);
  writeFileSync(join(paths().unfinished, "half"), "");
  use("/srv");
  expect(readdirSync(paths().data).sort()).toEqual(["file", "folder"]);
  rmSync(paths().dir, { recursive: true });
  create();
  mkdirSync(paths().complete);
  for (const [folder, name] of [
    [paths().data, "file"],
    [paths().complete, "rest"],
  ] as const)
    writeFileSync(join(folder, name), "complete");
  use("/srv");
  expect(readdirSync(paths().data).sort()).toEqual(["file", "rest"]);
  expect(readFileSync(join(paths().data, "file"), "utf8")).toBe("complete");
  expect(readdirSync(paths().dir).sort()).toEqual(["_data", "volume.json"]);
});

const fillable = (rest: { needsCopyUp?: boolean; needsOwner?: boolean; options?: Record<string, string> } = {}) => ({
  ...{ options: {}, needsCopyUp: true, needsOwner: true },
  ...rest,
});

test.each([
  ["a new one", fillable(), [], true],
  ["one that has been filled", fillable({ needsCopyUp: false }), [], false],
  ["nocopy of the mount", fillable(), ["nocopy"], false],
  ["nocopy of the volume", fillable({ options: { nocopy: "" } }), [], false],
  ["copy of the volume", fillable({ options: { copy: "" } }), ["ro"], true],
] as [string, ReturnType<typeof fillable>, string[], boolean][])(
  "whether an image's content may be copied into a volume: %s",
  (_, of, options, may) => {
    expect(mayCopyUp(of, options)).toBe(may);
  },
);

test.each([
  [fillable(), true, false],
  [fillable(), false, true],
  [fillable({ needsCopyUp: false }), false, false],
] as [ReturnType<typeof fillable>, boolean, boolean][])(
  "after the first use of %j (copied: %p) the owner is settled, and content is still to come: %p",
  (before, copied, needsCopyUp) => {
    expect(afterUse(before, copied)).toEqual({ ...before, needsOwner: false, needsCopyUp });
  },
);

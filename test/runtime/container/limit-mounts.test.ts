import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limitMounts } from "../../../src/runtime/container/limit-mounts.ts";

let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "berth-limits-"));
  const unit = join(tree, "system.slice/app.service");
  mkdirSync(unit, { recursive: true });
  writeFileSync(join(unit, "memory.max"), "67108864\n");
  writeFileSync(join(unit, "memory.high"), "max\n");
  writeFileSync(join(unit, "cpu.max"), "max 100000\n");
});
afterAll(() => rmSync(tree, { recursive: true }));

const mounts = (destination = "/data", unitPath: string | undefined = "/system.slice/app.service") =>
  limitMounts(unitPath === undefined ? {} : { unitPath }, [{ destination }], tree);

test("the limits that a unit has are seen in its container, and no others", () => {
  expect(mounts().map(({ source, destination }) => [source, destination])).toEqual([
    [join(tree, "system.slice/app.service/memory.max"), "/sys/fs/cgroup/memory.max"],
  ]);
});

test.each(["/sys", "/sys/fs/cgroup"])("what is mounted at %s shows its own", (destination) => {
  expect(mounts(destination)).toEqual([]);
  expect(mounts(`${destination}2`)).toHaveLength(1);
});

test("a cgroup without files, beside cgroup v1, tells of nothing", () => {
  expect(mounts("/data", "/system.slice/other.service")).toEqual([]);
  expect(limitMounts({}, [], tree)).toEqual([]);
});

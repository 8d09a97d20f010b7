import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matchingPaths } from "../../../src/runtime/mount/glob.ts";

const top = mkdtempSync(join(tmpdir(), "berth-glob-"));
for (const folder of ["a", "b", "a/deep"]) mkdirSync(join(top, folder));
for (const file of ["a/1.conf", "a/2.conf", "b/3.conf", "a/.hidden", "a/x+y", "a/[z]", "a/deep/4.conf"])
  writeFileSync(join(top, file), "");
afterAll(() => rmSync(top, { recursive: true }));

/** As Go's filepath.Glob, which podman uses, has it. */
test.each([
  ["a/*.conf", ["a/1.conf", "a/2.conf"]],
  ["*/*.conf", ["a/1.conf", "a/2.conf", "b/3.conf"]],
  ["a/?.conf", ["a/1.conf", "a/2.conf"]],
  ["a/[2-9].conf", ["a/2.conf"]],
  ["a/[^1].conf", ["a/2.conf"]],
  ["a/*hidden", ["a/.hidden"]],
  ["a/x+*", ["a/x+y"]],
  ["a/\\[z*", ["a/[z]"]],
  ["a/1.conf", ["a/1.conf"]],
  ["none/*", []],
  ["a/1.conf/*", []],
])("%s", (pattern, expected) => {
  expect(matchingPaths(join(top, "/") + pattern)).toEqual(expected.map((path) => join(top, path)));
});

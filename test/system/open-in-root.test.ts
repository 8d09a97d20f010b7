import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInRoot } from "../../src/system/open-in-root.ts";
import { failure } from "./failure.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "open-in-root-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("openInRoot stays in the root, whatever links say", () => {
  const root = join(folder, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/passwd"), "inside");
  symlinkSync("/etc/passwd", join(root, "absolute"));
  symlinkSync("../../../../etc/passwd", join(root, "etc/up"));
  symlinkSync("loop", join(root, "loop"));
  const dir = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const path of ["/etc/passwd", "absolute", "etc/up", "../../etc/passwd"]) {
    const fd = openInRoot(dir, path, constants.O_RDONLY);
    expect(fd === undefined ? "" : readFileSync(fd, "utf8")).toBe("inside");
    if (fd !== undefined) closeSync(fd);
  }
  for (const path of ["missing", "etc/passwd/x", "loop"])
    expect(openInRoot(dir, path, constants.O_RDONLY)).toBeUndefined();
  expect(failure(() => openInRoot(dir, "etc", constants.O_WRONLY)).errno).toBe("EISDIR");
  closeSync(dir);
});

import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeNode, readAttributes, setAttribute, setTimes } from "../../src/system/file-attributes.ts";
import { failure } from "./failure.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "file-attributes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Attributes that every file system has need root.
test.skipIf(process.getuid?.() !== 0)("a file's attributes and times are exact, and a link is never followed", () => {
  const file = join(folder, "file");
  const link = join(folder, "link");
  writeFileSync(file, "");
  symlinkSync("nowhere", link);
  setTimes(Buffer.from(link), { seconds: -1n, nanoseconds: 999_999_999 });
  expect(lstatSync(link, { bigint: true }).mtimeNs).toBe(-1n);
  setAttribute(Buffer.from(file), "trusted.berth", Buffer.from([0, 255]));
  setAttribute(Buffer.from(file), "trusted.empty", Buffer.alloc(0));
  const attributes = readAttributes(Buffer.from(file));
  expect(attributes.get("trusted.berth")).toEqual(Buffer.from([0, 255]));
  expect(attributes.get("trusted.empty")).toEqual(Buffer.alloc(0));
  const refused = failure(() => setAttribute(Buffer.from(join(folder, "missing")), "user.x", Buffer.alloc(1)));
  expect(refused.message).toBe(`ENOENT: no such file or directory, lsetxattr user.x '${folder}/missing'`);
  makeNode(Buffer.from(join(folder, "fifo")), 0o010600, 0, 0);
  expect(lstatSync(join(folder, "fifo")).isFIFO()).toBe(true);
  expect(failure(() => makeNode(Buffer.from(file), 0o010600, 0, 0)).errno).toBe("EEXIST");
});

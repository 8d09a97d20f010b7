import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isEmptyFolder } from "../../src/system/folder-entries.ts";
import { removeTree } from "../../src/system/remove-tree.ts";
import { nestFolders } from "./nested.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "remove-tree-"));
});
afterAll(() => removeTree(folder));

describe("removeTree", () => {
  test("removes thousands of folders in each other", () => {
    const root = join(folder, "deep");
    nestFolders(root, 5000);
    expect(removeTree(root)).toBe(true);
    expect(existsSync(root)).toBe(false);
  }, 60_000);

  test("removes many files, links and folders, and nothing that links lead to", () => {
    const root = join(folder, "wide");
    const outside = join(folder, "outside");
    writeFileSync(outside, "precious");
    mkdirSync(join(root, "a/b"), { recursive: true });
    for (let at = 0; at < 5000; at++) writeFileSync(join(root, "a", `file-${at}`), "");
    for (let at = 0; at < 1000; at++) mkdirSync(join(root, `${at}/x/y`), { recursive: true });
    symlinkSync("..", join(root, "a/b/up"));
    symlinkSync(outside, join(root, "link"));
    mkdirSync(join(root, "0/0/1/2"), { recursive: true });
    expect(removeTree(root)).toBe(true);
    expect(existsSync(root)).toBe(false);
    expect(readFileSync(outside, "utf8")).toBe("precious");
  }, 60_000);

  test("removes a file or link alone, and takes what is missing for removed", () => {
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    writeFileSync(file, "");
    symlinkSync(folder, link);
    for (const path of [file, link, file, join(folder, "no/such/folder")]) expect(removeTree(path)).toBe(true);
    expect(existsSync(folder)).toBe(true);
    expect(existsSync(link)).toBe(false);
  });

  test("gives up at the deadline, and goes on where it was", () => {
    const root = join(folder, "late");
    for (let at = 0; at < 4; at++) nestFolders(join(root, `${at}`), 1000, "0");
    expect(removeTree(root, 0)).toBe(false);
    expect(existsSync(root)).toBe(true);
    for (let tries = 0; !removeTree(root, 0); tries++) expect(tries).toBeLessThan(100);
    expect(existsSync(root)).toBe(false);
  }, 60_000);
});

test("a folder is empty before there is anything in it", () => {
  const root = join(folder, "empty");
  mkdirSync(root);
  expect(isEmptyFolder(root)).toBe(true);
  writeFileSync(join(root, "..."), "");
  expect(isEmptyFolder(root)).toBe(false);
  expect(() => isEmptyFolder(join(root, "..."))).toThrow("ENOTDIR");
});

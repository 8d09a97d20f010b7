import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  listIfThere,
  readIfThere,
  removeIfThere,
  replaceFile,
  replaceLink,
  replaceWith,
} from "../../src/system/files.ts";

const FILES = JSON.stringify(join(import.meta.dir, "../../src/system/files.ts"));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "files-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([false, true])("a file is replaced with its mode, and nothing is left beside it (durable: %p)", (durable) => {
  const dir = mkdtempSync(join(folder, "one-"));
  const path = join(dir, "a");
  replaceFile(path, "old", { durable });
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  replaceFile(path, Buffer.from("new"), { mode: 0o640, durable });
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(lstatSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(dir)).toEqual(["a"]);
});

test("a process that is killed while it replaces a file leaves the old text or the new one", async () => {
  const path = join(folder, "killed");
  const script = `
    import { replaceFile } from ${FILES};
    for (let round = 0; ; round++) replaceFile(process.argv.at(-1), String(round % 10).repeat(1_000_000));`;
  for (let round = 0; round < 4; round++) {
    rmSync(path, { force: true });
    const child = Bun.spawn([process.execPath, "-e", script, path], { stdio: ["ignore", "ignore", "inherit"] });
    while (!existsSync(path)) await Bun.sleep(1);
    await Bun.sleep(3 * round);
    child.kill("SIGKILL");
    await child.exited;
    const text = readFileSync(path, "utf8");
    expect(text.length).toBe(1_000_000);
    expect(new Set(text).size).toBe(1);
  }
});

test("a link is replaced, also one to another place and a file", () => {
  const path = join(folder, "link");
  replaceLink(path, "a");
  replaceLink(path, "b");
  expect(readlinkSync(path)).toBe("b");
  replaceFile(path, "text");
  replaceLink(path, "c", join(folder, "other-name"));
  expect(readlinkSync(path)).toBe("c");
  expect(existsSync(join(folder, "other-name"))).toBe(false);
});

test("what cannot be made leaves the old file and nothing else", () => {
  const dir = mkdtempSync(join(folder, "failed-"));
  const path = join(dir, "a");
  const temporary = join(dir, "b");
  replaceFile(path, "old");
  const fail = () =>
    replaceWith(path, temporary, () => {
      replaceFile(temporary, "half");
      throw new Error("no more room");
    });
  expect(fail).toThrow("no more room");
  mkdirSync(join(dir, "taken"));
  expect(() => replaceFile(join(dir, "taken"), "x", { temporary })).toThrow("EISDIR");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(dir).sort()).toEqual(["a", "taken"]);
});

test("what is not there is an answer; what cannot be read is an error", () => {
  const missing = join(folder, "missing");
  expect(readIfThere(missing)).toBeUndefined();
  expect(listIfThere(missing)).toEqual([]);
  expect(removeIfThere(missing)).toBeUndefined();
  expect(() => readIfThere(folder)).toThrow("EISDIR");
  expect(() => listIfThere(join(folder, "killed"))).toThrow("ENOTDIR");
});

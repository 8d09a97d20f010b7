import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { escapeName, escapePath, unescapeName, unescapePath } from "../../src/unit/escape.ts";
import { decodeText, encodeText } from "../../src/unit/text.ts";
import { testUnless } from "../host/lane.ts";
import { Random } from "./random.ts";
import { toolMisses } from "./systemd-library.ts";

const escapeTest = testUnless(toolMisses("systemd-escape"), "escaping as systemd-escape does it");

const PARTS = [
  "a",
  "Z",
  "0",
  "/",
  "/",
  "-",
  ".",
  "_",
  ":",
  "@",
  "\\",
  "\\x2d",
  "\\x2f",
  " ",
  "\t",
  "é",
  "😀",
  "%",
  "$",
  "~",
];

function samples(seed: number, prefix = ""): string[] {
  const random = new Random(seed);
  return Array.from({ length: 3000 }, () => prefix + random.text(PARTS, 10)).filter((text) => text !== "");
}

/** One run for many arguments; the results come separated by blanks, which no result has. */
function systemdEscape(options: readonly string[], texts: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync("systemd-escape", [...options, "--", ...texts], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.replace(/\n$/, "").split(" ");
}

test.each([
  ["", ""],
  ["/", "-"],
  [".a.b", "\\x2ea.b"],
  ["a-b/c d", "a\\x2db-c\\x20d"],
  ["é@", "\\xc3\\xa9\\x40"],
  ["\udcff", "\\xff"],
])("%j is escaped as %s", (text, escaped) => {
  expect(escapeName(text)).toBe(escaped);
  expect(unescapeName(escaped)).toBe(text);
});

test.each([
  ["/", "-"],
  ["///", "-"],
  ["", "-"],
  ["/a//b/./c/", "a-b-c"],
  ["/.a", "\\x2ea"],
  ["/a/../b", undefined],
  [".", undefined],
])("the path %j is escaped as %s", (path, escaped) => {
  expect(escapePath(path)).toBe(escaped);
});

test.each(["\\", "a\\q", "\\x", "\\xg0", "\\x0", "\\x00"])("%s is no escaped name", (name) => {
  expect(unescapeName(name)).toBeUndefined();
  expect(unescapePath(name)).toBeUndefined();
});

test.each(["", "a-", "-a", "a--b", "..", "a-..-b", "\\x2e"])("%j is no escaped path", (name) => {
  expect(unescapePath(name)).toBeUndefined();
});

test("unescaping undoes escaping, for bytes of all kinds", () => {
  const random = new Random(11);
  for (let round = 0; round < 2000; round++) {
    const text = decodeText(Uint8Array.from({ length: random.below(12) }, () => 1 + random.below(255)));
    expect(unescapeName(escapeName(text))).toBe(text);
    expect(encodeText(escapeName(text)).length).toBe(escapeName(text).length);
  }
});

escapeTest("names are escaped as systemd-escape does", () => {
  const texts = samples(1);
  expect(texts.map(escapeName)).toEqual(systemdEscape([], texts));
});

escapeTest("paths are escaped as systemd-escape does", () => {
  const texts = samples(2, "/").filter((path) => escapePath(path) !== undefined);
  expect(texts.length).toBeGreaterThan(2000);
  expect(texts.map(escapePath)).toEqual(systemdEscape(["--path"], texts));
});

escapeTest("names are unescaped as systemd-escape does", () => {
  const texts = samples(3).filter((text) => !/[ \n]/.test(unescapeName(text) ?? " "));
  expect(texts.length).toBeGreaterThan(500);
  expect(texts.map(unescapeName)).toEqual(systemdEscape(["--unescape"], texts));
});

escapeTest("paths are unescaped as systemd-escape does", () => {
  const texts = samples(4).filter((text) => !/[ \n]/.test(unescapePath(text) ?? " "));
  expect(texts.length).toBeGreaterThan(200);
  expect(texts.map(unescapePath)).toEqual(systemdEscape(["--unescape", "--path"], texts));
});

escapeTest("systemd-escape refuses the paths that are refused here", () => {
  const refused = ["/a/../b", ".", "./.", "a/.."];
  for (const path of refused) {
    expect(escapePath(path)).toBeUndefined();
    expect(spawnSync("systemd-escape", ["--path", "--", path]).status).not.toBe(0);
  }
});

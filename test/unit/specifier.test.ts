// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such text is what is tested
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  expandSpecifiers,
  hasSpecifiers,
  isSpecifier,
  scanSpecifiers,
  scanVariables,
} from "../../src/unit/specifier.ts";
import { testUnless } from "../host/lane.ts";
import { toolMisses } from "./systemd-library.ts";

test("specifiers are found with their places", () => {
  expect(scanSpecifiers("a%n%%%% 5% %-%Z%")).toEqual([
    { kind: "specifier", offset: 1, length: 2, name: "n" },
    { kind: "escape", offset: 3, length: 2, name: "%" },
    { kind: "escape", offset: 5, length: 2, name: "%" },
    { kind: "specifier", offset: 13, length: 2, name: "Z" },
  ]);
  expect(["100%", "%%n", "%n", "%Z", ""].map(hasSpecifiers)).toEqual([false, false, true, true, false]);
});

test.each([
  ["a${X}b$$${Y}", ["variable 1+4 X", "escape 6+2 $", "variable 8+4 Y"]],
  ["$X", ["variable 0+2 X"]],
  ["$X/y", ["variable 0+4 X/y"]],
  ["a$X", []],
  ["$$X", ["escape 0+2 $"]],
  ["${X", []],
  ["$", []],
])("variables of the word %s", (word, expected) => {
  expect(scanVariables(word).map(({ kind, offset, length, name }) => `${kind} ${offset}+${length} ${name}`)).toEqual(
    expected,
  );
});

test("a million unclosed variables take no more than linear time", () => {
  expect(scanVariables("${".repeat(1e6))).toEqual([]);
});

test("specifiers are replaced from a table", () => {
  const table = { N: "app", i: "%n" };
  expect(expandSpecifiers("systemd-%N_%i 100%%", table)).toEqual({ text: "systemd-app_%n 100%", unresolved: [] });
  expect(expandSpecifiers("%h/%N%", table)).toEqual({
    text: "%h/app%",
    unresolved: [{ kind: "specifier", offset: 0, length: 2, name: "h" }],
  });
  expect(expandSpecifiers("%t", Object.create({ t: "inherited" })).text).toBe("%t");
});

testUnless(toolMisses("systemd-analyze"), "specifiers as systemd knows them")(
  "systemd refuses the letters that are not specifiers",
  () => {
    const letters = [..."0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
    const dir = mkdtempSync(join(tmpdir(), "berth-specifier-"));
    try {
      const unit = join(dir, "test.service");
      writeFileSync(
        unit,
        `[Service]\nExecStart=/bin/true\n[Unit]\n${letters.map((letter) => `Description=%${letter}\n`).join("")}`,
      );
      const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
      const refused = Array.from(stderr.matchAll(/specifiers in '%(.)'.*Invalid slot/g), ([, letter = ""]) => letter);
      // %D is known from systemd 255 on. Known letters may fail for other reasons: %m where there is no machine ID.
      expect(letters.filter((letter) => !isSpecifier(letter))).toEqual(refused.filter((letter) => letter !== "D"));
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

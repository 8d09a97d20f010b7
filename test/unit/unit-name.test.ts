import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  instanceOf,
  isInstance,
  isTemplate,
  isUnitName,
  joinName,
  mangleUnitName,
  parseUnitName,
  splitName,
  templateOf,
  unitNameProblem,
} from "../../src/unit/unit-name.ts";
import { testUnless } from "../host/lane.ts";
import { Random } from "./random.ts";
import { openSystemdLibrary, systemdMisses, toolMisses } from "./systemd-library.ts";

const systemd = await openSystemdLibrary();
const PARTS = ["a", "b-", "@", "@", ".", ".service", ".mount", ".container", "/", "\\x2d", " ", "é", ":", "_", "-"];

describe("parts", () => {
  test.each([
    ["app.service", { prefix: "app", suffix: "service" }],
    ["app@.service", { prefix: "app", instance: "", suffix: "service" }],
    ["a.b@x@y.z.container", { prefix: "a.b", instance: "x@y.z", suffix: "container" }],
    ["app", { prefix: "app", suffix: "" }],
    [".service", { prefix: "", suffix: "service" }],
  ])("of %s", (name, parts) => {
    expect(splitName(name)).toEqual(parts);
    expect(joinName(splitName(name))).toBe(name);
  });

  test("tell templates from instances", () => {
    expect(["a.service", "a@.service", "a@b.service"].map(isTemplate)).toEqual([false, true, false]);
    expect(["a.service", "a@.service", "a@b.service"].map(isInstance)).toEqual([false, false, true]);
    expect(["a.service", "a@.service", "a@b.service"].map(templateOf)).toEqual([undefined, undefined, "a@.service"]);
  });
});

test("a template is given an instance", () => {
  const template = parseUnitName("app@.service");
  if (template === undefined) throw new Error("not a unit name");
  expect<string | undefined>(instanceOf(template, "one")).toBe("app@one.service");
  expect(instanceOf(template, "a b")).toBeUndefined();
  expect(instanceOf(template, "x".repeat(244))).toBeUndefined();
});

test.each([
  ["app.service", undefined],
  [`${"x".repeat(247)}.service`, undefined],
  [`${"x".repeat(248)}.service`, "it is longer than 255 characters"],
  ["app", 'it does not end in a unit type such as ".service"'],
  ["app.container", 'it does not end in a unit type such as ".service"'],
  [".service", "it has nothing before the suffix or the @"],
  ["@x.service", "it has nothing before the suffix or the @"],
  ["a/b.service", "it has a character other than letters, digits and : - _ . \\ @"],
])("%s as a unit name: %s", (name, problem) => {
  expect(unitNameProblem(name)).toBe(problem);
});

testUnless(systemdMisses(systemd), "unit names as systemd takes them")("systemd takes the same names", () => {
  const random = new Random(2);
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const name = random.text(PARTS, 6) + random.pick(["", ".service", ".slice"]);
    const ours = isUnitName(name);
    if (ours) taken++;
    expect([name, ours]).toEqual([name, systemd?.isUnitName(name) ?? false]);
  }
  expect(taken).toBeGreaterThan(1000);
});

testUnless(toolMisses("systemd-escape"), "names as systemd-escape mangles them")(
  "what people type is mangled as systemd-escape does",
  () => {
    const random = new Random(4);
    const fixed = ["app", "app@", "/", "/dev/sda", "/sys", "/x/../y", "a b", ".a", "..", "foo.bar", "a.service.mount"];
    const texts = [
      ...fixed,
      ...Array.from({ length: 2000 }, () => random.pick(["", "", "/", "/dev/"]) + random.text(PARTS, 5)),
    ];
    // systemd 257 takes `/..` for the root, 252 does not.
    const mangled = texts.filter((text) => mangleUnitName(text) !== undefined && !/^[./]+\.\.(\/|$)/.test(text));
    const { stdout } = spawnSync("systemd-escape", ["--mangle", "--", ...mangled], { encoding: "utf8" });
    expect<(string | undefined)[]>(mangled.map((text) => mangleUnitName(text))).toEqual(stdout.trimEnd().split(" "));
    const refused = texts.filter((text) => mangleUnitName(text) === undefined).slice(0, 20);
    expect(refused.length).toBeGreaterThan(5);
    for (const text of refused) expect(spawnSync("systemd-escape", ["--mangle", "--", text]).status).not.toBe(0);
  },
);

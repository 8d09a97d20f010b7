// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import { OptionError } from "../../../src/options/error.ts";
import type { Flag } from "../../../src/options/flags/flag.ts";
import { FlagReader } from "../../../src/options/flags/flag-reader.ts";
import { type FlagValues, parseFlags } from "../../../src/options/flags/parse.ts";
import { POD } from "../../../src/options/flags/pod-flags.ts";
import { RUN } from "../../../src/options/flags/run-flags.ts";
import { DEFERRED } from "../../../src/options/values/check.ts";

const TABLES: readonly (readonly [string, Readonly<Record<string, Flag>>])[] = [
  ["berth run", RUN],
  ["berth pod create", POD],
];

/** Values that a unit's command line has before systemd expands it, and the word of each that is named. */
const UNEXPANDED: readonly (readonly [value: string, word: string])[] = [
  ["%i", "%i"],
  ["${PORT}", "${PORT}"],
  ["$PORT", "$PORT"],
  ["/srv/%h:/data", "%h"],
  ["8080:${PORT}", "${PORT}"],
  ["nofile=%i", "%i"],
];

function valuesOf(flag: Flag, value: string): FlagValues {
  return { [flag.name]: flag.kind === "list" ? [value] : value };
}

function errorOf(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}

for (const [command, table] of TABLES) {
  const withValue = Object.values(table).filter(({ kind }) => kind !== "boolean");

  test.each(withValue.filter(({ freeText }) => !freeText).map((flag) => [flag.name, flag] as const))(
    `${command} --%s refuses what only systemd expands`,
    (name, flag) => {
      for (const [value, word] of UNEXPANDED) {
        const error = errorOf(() => new FlagReader(table, valuesOf(flag, value)));
        expect(error).toBeInstanceOf(OptionError);
        expect(error).toMatchObject({
          code: "not-expanded",
          message: `--${name} ${value}: ${word} is not expanded: only systemd does that, in a unit`,
        });
      }
    },
  );

  test(`${command}: values that are handed on keep % and $`, () => {
    const free = withValue.filter(({ freeText }) => freeText);
    for (const flag of free) {
      for (const value of ["a=%i", "a=${PORT}", "a=100%d$$"]) {
        const read = new FlagReader(table, valuesOf(flag, value));
        expect(read.texts(flag.name)).toEqual([value]);
      }
    }
  });

  test(`${command}: every row has a name of its own, and a letter of its own`, () => {
    const rows = Object.values(table);
    const letters = rows.flatMap(({ short }) => short ?? []);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(new Set(letters).size).toBe(letters.length);
  });
}

test("a % before a letter that is no specifier is itself", () => {
  const read = new FlagReader(RUN, { volume: ["/srv/a%20b:/data"], workdir: "/50%" });
  expect(read.list("volume")).toMatchObject([{ source: { path: "/srv/a%20b" } }]);
  expect(read.one("workdir")).toBe("/50%");
});

test("in a unit systemd has expanded the words: what is left was escaped in the file", () => {
  const unit = "web.service";
  const read = new FlagReader(RUN, { unit, volume: ["/srv/50%free:/${X}%i"], workdir: "/%h", user: "$me" });
  expect(read.list("volume")).toMatchObject([{ source: { path: "/srv/50%free" }, target: "/${X}%i" }]);
  expect([read.one("workdir"), read.one("user")]).toEqual(["/%h", "$me"]);
  const refused: FlagValues[] = [{ publish: ["8080:${PORT}"] }, { ulimit: ["nofile=%i"] }, { "shm-size": "${X}" }];
  for (const flags of refused) expect(() => new FlagReader(RUN, { unit, ...flags })).toThrow("is not expanded");
  expect(() => new FlagReader(RUN, { unit: "%n" })).toThrow("--unit %n: %n is not expanded");
});

test("no parser's DEFERRED becomes a value", () => {
  const table = { odd: { name: "odd", kind: "string", help: "", parse: () => DEFERRED } } as const;
  expect(() => new FlagReader(table, { odd: "x" })).toThrow("--odd x: x is not expanded");
  const free = { odd: { ...table.odd, freeText: true } } as const;
  expect(() => new FlagReader(free, { odd: "x" })).toThrow("--odd x: x is not expanded");
});

test("what a flag's grammar refuses is reported with the flag's name and the hint", () => {
  const { flags } = parseFlags(["--shm-size", "x"], Object.values(RUN));
  const error = errorOf(() => new FlagReader(RUN, flags));
  expect(error).toMatchObject({ code: "bad-size", message: '--shm-size x: "x" is not a size (such as 64m or 1g)' });
});

test("the properties of a request are those that rows name", () => {
  const table = {
    one: { name: "one", kind: "string", help: "", field: "one" },
    some: { name: "some", kind: "list", help: "", field: "some" },
    pairs: {
      name: "pairs",
      kind: "list",
      help: "",
      field: "pairs",
      record: true,
      parse: (text: string) => ({ value: [text, "1"] as const }),
    },
    off: { name: "off", kind: "boolean", help: "", field: "off" },
    on: { name: "on", kind: "boolean", help: "", field: "on", otherwise: true },
    size: { name: "size", kind: "string", help: "", field: "size", otherwise: 7, parse: () => ({ value: 8 }) },
    other: { name: "other", kind: "string", help: "" },
  } as const;
  expect(new FlagReader(table, {}).properties()).toEqual({
    one: undefined,
    some: [],
    pairs: {},
    off: false,
    on: true,
    size: 7,
  });
  const given = { one: "a", some: ["b", "c"], pairs: ["d", "e"], off: true, on: false, size: "x", other: "y" };
  expect(new FlagReader(table, given).properties()).toEqual({
    one: "a",
    some: ["b", "c"],
    pairs: { d: "1", e: "1" },
    off: true,
    on: false,
    size: 8,
  });
});

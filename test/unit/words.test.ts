import { describe, expect, test } from "bun:test";
import { splitAssignment, splitWords, unquoteString, type WordStyle } from "../../src/unit/words.ts";
import { testUnless } from "../host/lane.ts";
import { Random } from "./random.ts";
import { openSystemdLibrary, systemdMisses } from "./systemd-library.ts";

const systemd = await openSystemdLibrary();
const systemdTest = testUnless(systemdMisses(systemd), "word splitting as systemd does it");

function texts(value: string, style: WordStyle): string[] {
  return splitWords(value, style).words.map((word) => word.text);
}

describe("words", () => {
  test.each<[WordStyle, string, string[]]>([
    ["plain", "", []],
    ["plain", " a\tb \r\nc ", ["a", "b", "c"]],
    ["plain", `a"b c"d 'e "f'`, ["ab cd", 'e "f']],
    ["plain", String.raw`a\nb "c\"`, [String.raw`a\nb`, "c\\"]],
    ["plain", `"" a ''`, ["", "a", ""]],
    ["plain", 'a "b c', ["a", "b c"]],
    ["escaped", String.raw`a\x20b "c\td" \s`, ["a b", "c\td", " "]],
    ["escaped", String.raw`\xe9 \351 \u00e9 \U0001F600`, ["é", "é", "é", "😀"]],
    ["escaped", 'foo "" bar', ["foo", "", "bar"]],
    ["escaped", 'A="" B', ["A=", "B"]],
    ["escaped", String.raw`a\;b \. c`, [String.raw`a\;b`, String.raw`\.`, "c"]],
    [
      "escaped",
      String.raw`\x00 \000 \ud800 \xg0 \9`,
      [String.raw`\x00`, String.raw`\000`, String.raw`\ud800`, String.raw`\xg0`, String.raw`\9`],
    ],
    ["escaped", "a\\", ["a"]],
    ["escaped", String.raw`\"a b\'`, ['"a', "b'"]],
    ["systemd", String.raw`\xc3\xa9 \xff \303\251`, ["é", "\udcff", "é"]],
    ["backslash", String.raw`a\ b \"c "d\"e" \n`, ["a b", '"c', 'd"e', "n"]],
  ])("%s: %s", (style, value, expected) => {
    expect(texts(value, style)).toEqual(expected);
  });

  test("know their place", () => {
    expect(splitWords(`  a "b c"d`, "plain").words).toEqual([
      { text: "a", offset: 2, end: 3, quoted: false },
      { text: "b cd", offset: 4, end: 10, quoted: true },
    ]);
  });

  test("split at the first = into assignments", () => {
    const { words } = splitWords(`A=b=c "D=" E`, "escaped");
    expect(words.map(splitAssignment).map(({ name, value }) => [name, value])).toEqual([
      ["A", "b=c"],
      ["D", ""],
      ["E", undefined],
    ]);
  });
});

describe("problems", () => {
  test.each<[WordStyle, string, string[]]>([
    ["plain", `a 'b "c`, ["2 unbalanced-quote"]],
    ["plain", "a\\", []],
    ["escaped", String.raw`a\q "\;" \x0`, ["1 unknown-escape", "5 unknown-escape", "9 unknown-escape"]],
    ["escaped", "ab\\", ["2 trailing-backslash"]],
    ["escaped", `"a\\`, ["2 trailing-backslash", "0 unbalanced-quote"]],
  ])("%s: %s", (style, value, expected) => {
    expect(splitWords(value, style).problems.map(({ offset, code }) => `${offset} ${code}`)).toEqual(expected);
  });

  test("are few, however many there are", () => {
    expect(splitWords("\\q ".repeat(1000), "escaped").problems).toHaveLength(10);
  });
});

test.each([
  ['"a b"', "a b"],
  ['"', '"'],
  ['""', ""],
  ['"a" "b"', 'a" "b'],
  ["'a'", "'a'"],
  ['"a', '"a'],
  [String.raw`"\n"`, String.raw`\n`],
])("the single string %s is %s", (value, expected) => {
  expect(unquoteString(value)).toBe(expected);
});

test("a million words take no more than linear time", () => {
  expect(splitWords(`'a b' \\x41"`.repeat(1e5), "escaped").words.length).toBeGreaterThan(1);
  expect(splitWords("a ".repeat(1e6), "systemd").words).toHaveLength(1e6);
  expect(splitWords("\\x".repeat(1e6), "systemd").problems).toHaveLength(10);
});

describe("as systemd splits", () => {
  const parts = [
    "a",
    " ",
    "\t",
    '"',
    "'",
    "\\",
    "x41",
    "n",
    "u00e9",
    "xff",
    "101",
    "\\x",
    "\\U0001f600",
    "é",
    ";",
    "=",
    "\udcff",
    "ufffe",
    "U0000fffe",
    "ufdd0",
    "s",
  ];

  systemdTest.each<["systemd" | "backslash", "command" | "paths"]>([
    ["systemd", "command"],
    ["backslash", "paths"],
  ])("%s", (style, systemdStyle) => {
    const random = new Random(7);
    for (let round = 0; round < 20_000; round++) {
      const value = random.text(parts, 12);
      const { words, problems } = splitWords(value, style);
      const ours = problems.length > 0 ? undefined : words.map((word) => word.text);
      expect({ value, words: ours }).toEqual({ value, words: systemd?.splitWords(value, systemdStyle) });
    }
  });
});

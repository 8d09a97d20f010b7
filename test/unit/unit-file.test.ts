import { describe, expect, test } from "bun:test";
import { formatDiagnostic } from "../../src/unit/diagnostic.ts";
import { type Entry, positionAt } from "../../src/unit/entry.ts";
import { parseUnitFile, parseUnitText, printUnitFile, type UnitFile } from "../../src/unit/unit-file.ts";

function entries(file: UnitFile): Entry[] {
  return file.items.filter((item) => item.kind === "entry");
}

function assignments(text: string): string[] {
  return entries(parseUnitText("t", text)).map(({ section, key, value }) => `[${section}] ${key}=${value}`);
}

function problems(text: string): string[] {
  return parseUnitText("t", text).diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

describe("the logical lines", () => {
  test.each([
    ["plain", "[A]\nb=c\n", ["[A] b=c"]],
    ["no final line end", "[A]\nb=c", ["[A] b=c"]],
    ["space around everything", " [A] \t\n  b\t=  c d \n", ["[A] b=c d"]],
    ["CRLF", "[A]\r\nb=c\r\nd=\\\r\n e\r\n", ["[A] b=c", "[A] d=e"]],
    ["byte-order mark", "\ufeff[A]\nb=c\n", ["[A] b=c"]],
    ["the first = splits", "[A]\nb=c=d\n", ["[A] b=c=d"]],
    ["empty value", "[A]\nb=\nb= \n", ["[A] b=", "[A] b="]],
    ["inner space in a key", "[A]\nb c = d\n", ["[A] b c=d"]],
    ["no inline comments", "[A]\nb=c # d ; e\n", ["[A] b=c # d ; e"]],
    ["comments", "# x=1\n[A]\n ; b=c\\\n#\nd=e\n", ["[A] d=e"]],
    ["repeated sections", "[A]\nb=1\n[B]\nb=2\n[A]\nb=3\n", ["[A] b=1", "[B] b=2", "[A] b=3"]],
    ["odd section names", "[X - y/z \u00e9]\nb=1\n", ["[X - y/z \u00e9] b=1"]],
    ["continuation glues", "[A]\nb=c\\\n   d\n", ["[A] b=cd"]],
    ["continuation keeps the blank before", "[A]\nb=c \\\n d\n", ["[A] b=c d"]],
    ["continuation with comments", "[A]\nb=c \\\n# x \\\n ; y\n d\n", ["[A] b=c d"]],
    ["continuation with blank lines", "[A]\nb=c \\\n\n  \nd\n", ["[A] b=c d"]],
    ["continuation with space after", "[A]\nb=c \\  \n d\n", ["[A] b=c d"]],
    ["continuation of a key", "[A]\nb\\\nc=\\\nd\n", ["[A] bc=d"]],
    ["continuation of a header", "[A\\\nB]\nc=d\n", ["[AB] c=d"]],
    ["continuation into a header's text", "[A]\nb=\\\n[B]\nc=d\n", ["[A] b=[B]", "[A] c=d"]],
    ["open continuation", "[A]\nb=c \\", ["[A] b=c"]],
    ["open continuation before comments", "[A]\nb=c \\\n# x\n\n", ["[A] b=c"]],
    ["two backslashes", "[A]\nb=c\\\\\nd\n", ["[A] b=c\\d"]],
  ])("%s", (_, text, expected) => {
    expect(assignments(text)).toEqual(expected);
  });
});

describe("diagnostics", () => {
  test.each([
    ["nothing wrong", "# c\n[A]\nb=c \\\n d\n", []],
    ["neither key nor section", "[A]\n  foo bar\n", ["2:3 not-an-assignment"]],
    ["no key", "[A]\n = x\n", ["2:2 empty-key"]],
    ["keys outside a section are reported once", "a=1\nb=2\n[A]\n", ["1:1 key-outside-section"]],
    ["bad headers", "[A\na=1\n[]\n[B]x\n[a[b]\n[C]\n", [1, 3, 4, 5].map((line) => `${line}:1 bad-section-header`)],
    ["open continuation", "[A]\nb=\\\nc \\\n#\n", ["3:3 open-continuation"]],
    ["blank in continuation", "[A]\nb=\\\n\n\nc\n", ["3:1 blank-in-continuation"]],
    ["escaped continuation", "[A]\nb=\\\\\nc\n", ["2:4 escaped-continuation"]],
    ["NUL, in a comment too", "[A]\n#\0\nb=\u00e9\0\0\n", ["2:2 nul-character", "3:4 nul-character"]],
    ["carriage return inside a line", "[A]\r\nb=c\rd\r\ne=f\r", ["2:4 stray-carriage-return"]],
    ["byte-order marks", "\ufeff[A]\n\ufeffb=\ufeffc\n", ["2:1 stray-byte-order-mark"]],
    ["columns are code points", "[A]\nb=😀\udcff\n", ["2:4 invalid-utf-8"]],
    ["in order of position", "foo\n#\0\n[\n", ["1:1 not-an-assignment", "2:2 nul-character", "3:1 bad-section-header"]],
  ])("%s", (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test("read like a compiler's, short and free of control characters", () => {
    const file = parseUnitText("a.container", `[A]\n\x1b[31m${"x".repeat(1000)}\n`);
    expect(file.diagnostics.map(formatDiagnostic)).toEqual([
      `a.container:2:1: error: "\ufffd[31m${"x".repeat(54)}…" is not KEY=VALUE, [SECTION] or a comment`,
    ]);
  });
});

describe("positions", () => {
  const text = "[A]\n  Exec = one \\\n# comment\n\ttwo😀x \\\n three\n";
  const [entry] = entries(parseUnitText("t", text));
  if (entry === undefined) throw new Error("no entry");

  test("of the key", () => {
    expect(entry).toMatchObject({ line: 2, column: 3, value: "one two😀x three" });
  });

  test.each([
    ["one", { line: 2, column: 10 }],
    ["two", { line: 4, column: 2 }],
    ["x ", { line: 4, column: 6 }],
    ["three", { line: 5, column: 2 }],
    ["ee", { line: 5, column: 5 }],
  ])("of %j in a continued value", (part, place) => {
    expect(positionAt(entry, entry.value.indexOf(part))).toEqual(place);
  });

  test("in any order of asking", () => {
    const again = entry.value.split("").map((_, offset) => positionAt(entry, offset));
    const backwards = entry.value.split("").map((_, index, { length }) => positionAt(entry, length - 1 - index));
    expect(again).toEqual(backwards.reverse());
  });

  test("of every word of a line of 2 MB take no more than linear time", () => {
    const [long] = entries(parseUnitText("t", `[A]\nb=${"\u{1f600} ".repeat(5e5)}`));
    if (long === undefined) throw new Error("no entry");
    let sum = 0;
    for (let word = 0; word < 5e5; word++) sum += positionAt(long, word * 3).column;
    expect(sum).toBe(3 * 5e5 + 5e5 * (5e5 - 1));
  });

  test("of the end, and of what is past it", () => {
    expect(positionAt(entry, entry.value.length)).toEqual({ line: 5, column: 7 });
    expect(positionAt(entry, 1e6)).toEqual({ line: 5, column: 7 });
  });
});

describe("what was parsed is printed again, byte for byte", () => {
  test.each([
    ["", []],
    ["NUL and CR", [0, 0x0d, 0x0a, 0x5b, 0x41, 0x5d, 0x0d, 0x62, 0x3d, 0]],
    ["invalid UTF-8", [0xff, 0x0a, 0x61, 0x3d, 0xc3, 0x0a, 0xed, 0xa0, 0x80]],
    ["only a byte-order mark", [0xef, 0xbb, 0xbf]],
    ["two byte-order marks", [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf]],
    ["open continuation", [0x61, 0x3d, 0x5c]],
  ])("%s", (_, bytes) => {
    expect([...printUnitFile(parseUnitFile("t", Uint8Array.from(bytes)))]).toEqual(bytes);
  });

  test.each([
    ["a line of 10 MB", `[A]\nb=${"x ".repeat(5e6)}\n`],
    ["a line of 10 MB that is nothing", "x".repeat(1e7)],
    ["a header of 1 MB", `[${"[".repeat(1e6)}\n`],
    ["200,000 lines", "[A]\nb=c\n".repeat(1e5)],
    ["200,000 continued lines", `[A]\nb=${"c \\\n\n".repeat(1e5)}`],
    ["200,000 broken lines", "x\n[\n".repeat(1e5)],
    ["a million backslashes", `[A]\nb=${"\\".repeat(1e6)}\nc\n`],
    ["a million blanks", `[A]\nb=${" ".repeat(1e6)}x${" ".repeat(1e6)}\n`],
    ["a million bytes that are not UTF-8", `[A]\nb=${"\udcff".repeat(1e6)}\n`],
  ])("%s", (_, text) => {
    const file = parseUnitText("t", text);
    expect(file.items.map((item) => item.raw).join("") === text).toBe(true);
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such text is what is tested
import { describe, expect, test } from "bun:test";
import { quoteEnvironment, quoteExecLine, quoteExecWord, quotePath } from "../../src/unit/quoting.ts";
import { decodeText, encodeText } from "../../src/unit/text.ts";
import { splitWords } from "../../src/unit/words.ts";
import { testUnless } from "../host/lane.ts";
import { Random } from "./random.ts";
import { openSystemdLibrary, systemdMisses } from "./systemd-library.ts";
import { TRICKY_ARGUMENTS } from "./tricky-arguments.ts";

const systemd = await openSystemdLibrary();
const systemdTest = testUnless(systemdMisses(systemd), "quoting as systemd reads it");
const PARTS = [
  "a",
  " ",
  "%",
  "$",
  "{",
  "}",
  '"',
  "'",
  "\\",
  ";",
  "n",
  "x41",
  "\n",
  "\t",
  "\x01",
  "é",
  "\udcc3",
  "\udca9",
  "\ufffe",
  "😀",
  "=",
  "/",
];

/** Bytes that make up UTF-8 together are characters once they have been bytes. */
function asRead(text: string): string {
  return decodeText(encodeText(text));
}

describe("a word of a command line", () => {
  test.each([
    ["plain", "--name=app", "--name=app"],
    ["empty", "", '""'],
    ["blank", "a b", '"a b"'],
    ["percent and dollar", "100% $x", '"100%% $$x"'],
    ["percent without quotes", "100%", "100%%"],
    ["command separator", ";", '";"'],
    ["quotes", `it's "x"`, String.raw`"it's \"x\""`],
    ["backslash and line end", "a\\b\nc", String.raw`"a\\b\nc"`],
    ["control", "\x1b\x7f", String.raw`"\x1b\x7f"`],
    ["not UTF-8", "\udcff", String.raw`"\xff"`],
    ["a noncharacter, for which systemd would drop the line", "\uffff", String.raw`"\xef\xbf\xbf"`],
    ["NUL", "a\0", '"a\ufffd"'],
    ["other scripts", "日本語😀 ", '"日本語😀 "'],
    ["other scripts without a blank", "日本語😀", "日本語😀"],
  ])("%s", (_, word, expected) => {
    expect(quoteExecWord(word)).toBe(expected);
  });

  test("leaves specifiers and variables to systemd if asked to", () => {
    expect(quoteExecWord("%n-${X} $$ %%", { expand: "expanded" })).toBe('"%n-${X} $$ %%"');
    expect(quoteExecLine(["--name", "systemd-%N"], { expand: "expanded" })).toBe("--name systemd-%N");
  });
});

test("a line holds no line end and never ends in a bare backslash", () => {
  for (const words of TRICKY_ARGUMENTS) expect(quoteExecLine(words)).not.toMatch(/[\n\r\0]|\\$/);
});

test("an environment assignment keeps its dollars", () => {
  expect(quoteEnvironment("A", "50% $x")).toBe('"A=50%% $x"');
  expect(quoteEnvironment("A", "%h", { expand: "expanded" })).toBe("A=%h");
});

test.each([
  ["/a/b", "/a/b"],
  ["/a b", '"/a b"'],
  ['/a"\\', String.raw`"/a\"\\"`],
  ["/100%", "/100%%"],
  ["/a\nb", undefined],
])("the path %j", (path, expected) => {
  expect(quotePath(path)).toBe(expected);
});

describe("systemd reads back", () => {
  function lists(): (readonly string[])[] {
    const random = new Random(3);
    const made = Array.from({ length: 5000 }, () =>
      Array.from({ length: random.below(5) }, () => random.text(PARTS, 8)),
    );
    return [...TRICKY_ARGUMENTS, ...made];
  }

  systemdTest("the arguments of a command line", () => {
    for (const words of lists()) {
      const split = systemd?.splitWords(quoteExecLine(words), "command") ?? [];
      expect(systemd?.expandArguments(split, ["HOME=/root", "n=1", "x41=2"])).toEqual(words.map(asRead));
    }
  });

  systemdTest("what is left for it to expand", () => {
    const line = quoteExecLine(["a b ${X}", "$X", "%%", "$$"], { expand: "expanded" });
    expect(systemd?.expandArguments(systemd.splitWords(line, "command") ?? [], ["X=1 2"])).toEqual([
      "a b 1 2",
      "1",
      "2",
      "%",
      "$",
    ]);
  });

  systemdTest("environment assignments", () => {
    for (const [value = ""] of lists()) {
      const split = systemd?.splitWords(quoteEnvironment("A", value), "command") ?? [];
      expect(split.map((word) => word.replaceAll("%%", "%"))).toEqual([asRead(`A=${value}`)]);
    }
  });

  systemdTest("paths", () => {
    for (const words of lists()) {
      const quoted = words.map((word) => quotePath(word, { expand: "expanded" }));
      if (quoted.includes(undefined)) continue;
      expect(systemd?.splitWords(quoted.join(" "), "paths")).toEqual(words.map(asRead));
    }
  });
});

test("quoting and splitting are inverse", () => {
  const random = new Random(5);
  for (let round = 0; round < 5000; round++) {
    const words = Array.from({ length: random.below(5) }, () => random.text(PARTS, 8));
    const back = splitWords(quoteExecLine(words, { expand: "expanded" }), "systemd");
    expect(back.problems).toEqual([]);
    expect(back.words.map((word) => word.text)).toEqual(words.map(asRead));
  }
});

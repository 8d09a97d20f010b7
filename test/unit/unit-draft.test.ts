import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnitDraft } from "../../src/unit/unit-draft.ts";
import { parseUnitFile, parseUnitText } from "../../src/unit/unit-file.ts";
import { testUnless } from "../host/lane.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";
import { openSystemdLibrary, systemdMisses } from "./systemd-library.ts";

const systemd = await openSystemdLibrary();
const systemdTest = testUnless(systemdMisses(systemd), "drafts as systemd reads them");

function copy(text: string): UnitDraft {
  return UnitDraft.copyOf(parseUnitText("t", text));
}

describe("a copy", () => {
  test.each([
    [
      "keeps comments and continuations",
      "# c\n[A]\n b = c \\\n# d\n  e\n; f\n",
      "# c\n\n[A]\n b = c \\\n# d\n  e\n; f\n",
    ],
    ["ends lines by LF alone, and the last one too", "[A]\r\nb=c\\\r\nd", "[A]\nb=c\\\nd\n"],
    ["sets sections apart by one blank line", "[A]\nb=1\n\n\n\n[B]\n[C]\n\n", "[A]\nb=1\n\n[B]\n\n[C]\n"],
    [
      "writes out what systemd would read differently",
      "[A]\nb=c \\ \n d\ne=f\\\\\ng\nh=i\\\n\nj\n",
      "[A]\nb=c d\ne=f\\g\nh=ij\n",
    ],
    ["closes an open continuation", "[A]\nb=c \\\n# d\n", "[A]\nb=c\n"],
    ["makes comments of what is nothing", "[A]\nfoo \\\nbar\n[B\nc=d\n", "[A]\n# foo \\\n# bar\n# [B\n# c=d\n"],
    ["drops the byte-order mark", "\ufeff[A]\n", "[A]\n"],
    ["of nothing", "", ""],
  ])("%s", (_, text, expected) => {
    expect(copy(text).toString()).toBe(expected);
  });

  test("keeps bytes that are not UTF-8", () => {
    const bytes = Uint8Array.from([0x5b, 0x41, 0x5d, 0x0a, 0x62, 0x3d, 0xff, 0x0a]);
    expect([...UnitDraft.copyOf(parseUnitFile("t", bytes)).print()]).toEqual([...bytes]);
  });
});

describe("changes", () => {
  const text = "[Unit]\nAfter=a\n# end\n\n[Container]\nImage=x\n[Unit]\nAfter=b\n\n";

  test("additions go to the end of the last section of the name, or the file", () => {
    const draft = copy(text).append("Unit", "SourcePath", "/x").append("Service", "Type", "notify");
    expect(draft.toString()).toBe(
      "[Unit]\nAfter=a\n# end\n\n[Container]\nImage=x\n\n[Unit]\nAfter=b\nSourcePath=/x\n\n[Service]\nType=notify\n",
    );
  });

  test("prepending keeps the order it is done in", () => {
    expect(copy("[A]\nx=1\n").prepend("A", "y", "2").prepend("B", "z", "3").toString()).toBe(
      "[A]\ny=2\nx=1\n\n[B]\nz=3\n",
    );
  });

  test("renames and removes sections, and replaces values", () => {
    const file = parseUnitText("t", text);
    const [entry] = file.items.filter((item) => item.kind === "entry");
    if (entry === undefined) throw new Error("no entry");
    const draft = UnitDraft.copyOf(file).renameSections(["Container"], (name) => `X-${name}`);
    expect(draft.replace(entry, "a.service").toString()).toBe(
      "[Unit]\nAfter=a.service\n# end\n\n[X-Container]\nImage=x\n\n[Unit]\nAfter=b\n",
    );
    expect(UnitDraft.copyOf(file).removeSection("Unit").toString()).toBe("[Container]\nImage=x\n");
  });

  test("a value cannot begin a line of its own, or take in the next", () => {
    const draft = new UnitDraft()
      .append("A", "b", "c\n[Service]\r\nX=\0y")
      .append("A", "d", "e\\")
      .append("A", "f", "g");
    expect(draft.toString()).toBe("[A]\nb=c [Service] X= y\nd=e\\ \nf=g\n");
  });
});

describe("systemd finds in a copy", () => {
  systemdTest("the assignments that were found in the file", () => {
    const dir = mkdtempSync(join(tmpdir(), "berth-draft-"));
    const path = join(dir, "unit");
    const random = new Random(9);
    try {
      let compared = 0;
      while (compared < 1500) {
        const file = parseUnitFile("t", mutate(random));
        // What systemd cannot read at all is told of, and no unit is made.
        if (file.diagnostics.some(({ severity }) => severity === "error")) continue;
        compared++;
        writeFileSync(path, UnitDraft.copyOf(file).print());
        const ours = file.items.flatMap((item) =>
          item.kind === "entry" ? [`[${item.section}] ${joined(item.key)}=${joined(item.value)}`] : [],
        );
        const theirs = systemd
          ?.parse(path)
          ?.map(({ section, key, value }) => `[${section}] ${joined(key)}=${joined(value)}`);
        expect(theirs).toEqual(ours);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  systemdTest.each([
    ["a line", (size: number) => `[A]\nb=${"x".repeat(size - 2)}\n`],
    ["a comment", (size: number) => `#${"x".repeat(size - 1)}\n[A]\n`],
  ])("nothing if %s is too long, of which we are told", (_, text) => {
    const path = join(tmpdir(), `berth-long-${process.pid}`);
    for (const size of [1024 * 1024 - 1, 1024 * 1024]) {
      writeFileSync(path, text(size));
      const refused = systemd?.parse(path) === undefined;
      expect(refused).toBe(size === 1024 * 1024);
      expect(parseUnitText("t", text(size)).diagnostics.map(({ code }) => code)).toEqual(
        refused ? ["line-too-long"] : [],
      );
    }
    rmSync(path);
  });

  /** systemd has a blank where lines are joined, Quadlet none. */
  function joined(value: string): string {
    return value.replace(/[ \t\r]/g, "");
  }
});

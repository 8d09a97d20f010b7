import { describe, expect, test } from "bun:test";
import { dropInDirectories, mergeUnitFiles, selectDropIns } from "../../src/unit/drop-in.ts";
import { positionAt } from "../../src/unit/entry.ts";
import { indexSections, lastEntry, listEntries } from "../../src/unit/lookup.ts";
import { parseUnitText, printUnitFile } from "../../src/unit/unit-file.ts";

test.each([
  ["a.container", ["a.container.d", "container.d"]],
  ["a-b-c.container", ["a-b-c.container.d", "a-b-.container.d", "a-.container.d", "container.d"]],
  ["a-b@.container", ["a-b@.container.d", "a-@.container.d", "a-.container.d", "container.d"]],
  [
    "a-b@x-y.container",
    ["a-b@x-y.container.d", "a-b@.container.d", "a-@.container.d", "a-.container.d", "container.d"],
  ],
  ["a-.pod", ["a-.pod.d", "pod.d"]],
  ["-a.pod", ["-a.pod.d", "pod.d"]],
])("drop-in directories of %s", (name, expected) => {
  expect(dropInDirectories(name)).toEqual(expected);
});

test("the first of each base name is chosen, in byte order of base name", () => {
  const candidates = [
    "/a/x.d/20.conf",
    "/a/x.d/é.conf",
    "/b/x.d/20.conf",
    "/b/x.d/Z.conf",
    "/b/d/10.conf",
    "/b/d/\uff5e.conf",
    "/b/d/😀.conf",
  ];
  expect(selectDropIns(candidates)).toEqual([
    "/b/d/10.conf",
    "/a/x.d/20.conf",
    "/b/x.d/Z.conf",
    "/a/x.d/é.conf",
    "/b/d/\uff5e.conf",
    "/b/d/😀.conf",
  ]);
});

describe("merging", () => {
  const main = parseUnitText(
    "a.container",
    "# main\n[Unit]\nA=1\n\n[Container]\nE=1\nE=2\n[Unit]\nA=2\n\n[Service]\nB=\\",
  );
  const first = parseUnitText("10.conf", "# why\n[Container]\n E = \nE=3\n# note\n[Install]\nW=x");
  const second = parseUnitText("20.conf", "lost=1\n[Unit]\n\nA=3\n[Install]\nW=y\n[Container]\nE=4\n");
  const merged = mergeUnitFiles(main, [first, second]);

  test("adds to the end of sections, new sections at the end", () => {
    expect(Buffer.from(printUnitFile(merged)).toString()).toBe(
      "# main\n[Unit]\nA=1\n\n[Container]\nE=1\nE=2\n# why\n E = \nE=3\n# note\nE=4\n" +
        "[Unit]\nA=2\nA=3\n\n[Service]\nB=\n\n[Install]\nW=x\nW=y\n",
    );
  });

  test("overrides, adds to lists and resets them", () => {
    const sections = indexSections(merged);
    expect([...sections.keys()]).toEqual(["Unit", "Container", "Service", "Install"]);
    expect(lastEntry(sections.get("Unit"), "A")?.value).toBe("3");
    expect(listEntries(sections.get("Container"), "E").map((entry) => entry.value)).toEqual(["3", "4"]);
    expect(listEntries(sections.get("Container"), "X")).toEqual([]);
    expect(lastEntry(sections.get("Nothing"), "X")).toBeUndefined();
  });

  test("keeps where every entry comes from", () => {
    const entry = lastEntry(indexSections(merged).get("Container"), "E");
    if (entry === undefined) throw new Error("no entry");
    expect(entry.path).toBe("20.conf");
    expect(positionAt(entry, 0)).toEqual({ line: 8, column: 3 });
  });

  test("keeps where an entry with an open continuation comes from", () => {
    const open = parseUnitText("a.container", "[A]\nb=1 \\\n  2 \\\n");
    const entry = lastEntry(indexSections(mergeUnitFiles(open, [first])).get("A"), "b");
    if (entry === undefined) throw new Error("no entry");
    expect(entry.raw).toBe("b=1 2\n");
    expect(positionAt(entry, 2)).toEqual({ line: 3, column: 3 });
  });

  test("keeps the diagnostics of all", () => {
    expect(merged.diagnostics.map(({ path, code }) => `${path} ${code}`)).toEqual([
      "a.container open-continuation",
      "20.conf key-outside-section",
    ]);
  });

  test("without drop-ins is the file itself", () => {
    expect(mergeUnitFiles(main, [])).toBe(main);
  });

  test("onto an empty file", () => {
    const file = mergeUnitFiles(parseUnitText("a.volume", ""), [parseUnitText("x.conf", "[Volume]\nA=1")]);
    expect(Buffer.from(printUnitFile(file)).toString()).toBe("[Volume]\nA=1\n");
  });

  test("of 100,000 lines takes no more than linear time", () => {
    const big = parseUnitText("big", "[A]\nb=c\n".repeat(5e4));
    expect(mergeUnitFiles(big, [big, big]).items.length).toBe(2e5);
  });
});

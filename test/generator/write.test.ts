import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareGenerated } from "../../src/generator/compare.ts";
import { GENERATED_HEADER } from "../../src/generator/generate.ts";
import { writeGenerated } from "../../src/generator/write.ts";
import { readTree } from "./golden-case.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "berth-write-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const UNITS = {
  files: [{ name: "a.service", text: `${GENERATED_HEADER}\n\n[Unit]\n` }],
  links: [{ path: "x.target.wants/a.service", target: "../a.service" }],
};

test("units and links are written, over what was there, and nothing else is left", () => {
  const output = join(root, "new/dir");
  expect(writeGenerated(output, UNITS)).toEqual([]);
  const expected = { "a.service": UNITS.files[0]?.text, "x.target.wants/a.service": "-> ../a.service" };
  expect(readTree(output) as unknown).toEqual(expected);
  rmSync(join(output, "x.target.wants/a.service"));
  symlinkSync("../other.service", join(output, "x.target.wants/a.service"));
  writeFileSync(join(output, "a.service"), "old");
  expect(writeGenerated(output, UNITS)).toEqual([]);
  expect(readTree(output) as unknown).toEqual(expected);
});

test("what cannot be written does not keep the rest from being written", () => {
  const output = join(root, "partly");
  mkdirSync(join(output, "bad.service/x"), { recursive: true });
  const failures = writeGenerated(output, { ...UNITS, files: [{ name: "bad.service", text: "" }, ...UNITS.files] });
  expect(failures).toHaveLength(1);
  expect(failures[0]).toContain("bad.service");
  expect(readTree(output)["a.service"]).toBe(UNITS.files[0]?.text);
  expect(Object.keys(readTree(output)).some((name) => name.endsWith(".tmp"))).toBe(false);
});

test("a directory that cannot be made is a failure, not a crash", () => {
  writeFileSync(join(root, "file"), "");
  expect(writeGenerated(join(root, "file/dir"), UNITS).length).toBeGreaterThan(0);
});

test("differences from what was generated before", () => {
  const output = join(root, "compare");
  expect(compareGenerated(output, UNITS)).toEqual(["+ a.service", "+ x.target.wants/a.service"]);
  writeGenerated(output, UNITS);
  writeFileSync(join(output, "foreign.service"), "[Unit]\n");
  expect(compareGenerated(output, UNITS)).toEqual([]);
  writeFileSync(join(output, "gone.socket"), `${GENERATED_HEADER}\n`);
  const changed = { ...UNITS, files: [{ name: "a.service", text: "other" }] };
  expect(compareGenerated(output, changed)).toEqual(["~ a.service", "- gone.socket"]);
});

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "../../src/generator/generate.ts";
import { BERTH_KEYS } from "../../src/generator/keys/berth.ts";
import { CONTAINER_KEYS } from "../../src/generator/keys/container.ts";
import { FILE_TYPES } from "../../src/generator/reading/file-type.ts";
import { KEY_NOTES } from "../../src/manual/key-notes.ts";
import { manualFiles } from "../../src/manual/pages.ts";
import { RUN_FLAGS } from "../../src/options/flags/run-flags.ts";
import { COMMAND_TABLE } from "../../src/setup/commands.ts";
import { STATIC_UNITS } from "../../src/static-units.ts";
import { testUnless } from "../host/lane.ts";

const MAN = join(import.meta.dir, "../../man");
const files = await manualFiles(COMMAND_TABLE);
const text = (name: string) => files.find((file) => file.name === name)?.text ?? "";
const unescaped = (roff: string) =>
  roff.replaceAll("\\%", "").replaceAll("\\-", "-").replaceAll("\\(aq", "'").replaceAll("\\(ti", "~");

test("man/ is what the tables make (bun scripts/manual.ts makes it anew)", () => {
  expect(readdirSync(MAN).sort()).toEqual(files.map(({ name }) => name).sort());
  for (const { name, text } of files) expect(readFileSync(join(MAN, name), "utf8")).toBe(text);
});

test("every command that people type has a page with an example and is named in berth(1)", () => {
  for (const { name, sameAs } of COMMAND_TABLE.commands.filter(({ hidden }) => !hidden)) {
    const page = `berth-${(sameAs ?? name).replaceAll(" ", "-")}`;
    expect(text(`${page}.1`)).toMatch(/\n\.SH EXAMPLES?\n/);
    expect(unescaped(text(`${page}.1`))).toContain(`\\fBberth ${name}\\fR`);
    expect(unescaped(text("berth.1"))).toContain(`\\fB${page}\\fR(1)`);
  }
});

test("every flag of berth run is on its page, and every key on that of container files", () => {
  const run = unescaped(text("berth-run.1"));
  for (const { name } of RUN_FLAGS.filter(({ hidden }) => !hidden)) expect(run).toContain(`--${name}`);
  const unit = unescaped(text("berth.unit.5"));
  for (const { name, status, example } of [...CONTAINER_KEYS.values(), ...BERTH_KEYS.values()]) {
    if (status === "supported") {
      expect(unit).toContain(`.TP\n\\fB${name}=\\fR\n`);
      expect(unit.replace(/\n/g, " ")).toContain(`${name}=${example}`);
    } else expect(unit).toMatch(new RegExp(`\\b${name}=[,.]`));
  }
});

test("every type of file has a page with its keys and examples without errors", () => {
  const options = { scope: "system", berth: "/usr/local/bin/berth" } as const;
  for (const { extension, keys, status } of FILE_TYPES) {
    if (status !== "supported" || extension === "container") continue;
    const page = unescaped(text(`berth.${extension}.5`));
    for (const key of keys().values()) {
      if (key.status === "supported") expect(page).toContain(`.TP\n\\fB${key.name}=\\fR\n`);
      else expect(page).toMatch(new RegExp(`\\b${key.name}=[,.]`));
    }
    const blocks = Array.from(page.matchAll(/^\.EX\n([\s\S]*?)\n\.EE$/gm), ([, block = ""]) => block);
    expect(blocks.length).toBeGreaterThan(0);
    const sources = blocks.map((block) => {
      const name = block.startsWith("[Container]") ? "app.container" : `web.${extension}`;
      return { name, path: `/x/${name}`, shownPath: name, content: new TextEncoder().encode(block), dropIns: [] };
    });
    expect(generate(sources, options).diagnostics).toEqual([]);
  }
});

test("notes are about keys that there are", () => {
  const types = FILE_TYPES.map(({ section, keys }) => [section, keys()] as const);
  const tables: Record<string, ReadonlyMap<string, unknown>> = { ...Object.fromEntries(types), Berth: BERTH_KEYS };
  for (const [section, notes] of Object.entries(KEY_NOTES))
    for (const key of Object.keys(notes)) expect(tables[section]?.has(key)).toBe(true);
});

test("the whole files among the examples have no errors", () => {
  const blocks = [...unescaped(text("berth.unit.5") + text("berth.1")).matchAll(/^\.EX\n([\s\S]*?)\n\.EE$/gm)];
  const containers = blocks.map(
    ([, block = ""]) => block.match(/(\[Unit\]\n[\s\S]*?)?\[Container\]\n[^#]*/)?.[0] ?? "",
  );
  const whole = containers.filter((block) => block !== "");
  expect(whole).toHaveLength(4);
  const sources = whole.map((content, index) => {
    const name = `example${index}.container`;
    return { name, path: `/x/${name}`, shownPath: name, content: new TextEncoder().encode(content), dropIns: [] };
  });
  expect(generate(sources, { scope: "system", berth: "/usr/local/bin/berth" }).diagnostics).toEqual([]);
});

test("what units and pages refer to is there", () => {
  for (const { text } of STATIC_UNITS) {
    for (const [, page, section] of text.matchAll(/\bman:(berth[\w.-]*)\((\d)\)/g))
      expect(files.map(({ name }) => name)).toContain(`${page}.${section}`);
  }
  for (const { name, text } of files) {
    for (const [, page, section] of unescaped(text).matchAll(/\b(berth[\w.-]*)(?:\\fR)?\(([1-9])\)/g))
      expect({ in: name, page: files.some((file) => file.name === `${page}.${section}`) && page }).toEqual({
        in: name,
        page: page ?? "",
      });
  }
});

describe("typesetting", () => {
  const lint = testUnless(existsSync("/usr/bin/mandoc") ? undefined : "needs mandoc", "manual pages");
  lint("mandoc has nothing to say of any page", () => {
    const paths = files.map(({ name }) => join(MAN, name));
    const { stdout, status } = spawnSync("mandoc", ["-T", "lint", "-W", "style", ...paths], { encoding: "utf8" });
    // Pages of other packages need not be installed here.
    const said = stdout.split("\n").filter((line) => line !== "" && !line.includes("referenced manual not found"));
    expect({ said, status }).toEqual({ said: [], status: 0 });
  });

  const typeset = testUnless(existsSync("/usr/bin/groff") ? undefined : "needs groff", "manual pages");
  typeset("groff has no warnings", () => {
    for (const { name, text } of files) {
      const { stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z"], { input: text, encoding: "utf8" });
      expect({ name, stderr }).toEqual({ name, stderr: "" });
    }
  });
});

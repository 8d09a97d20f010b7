// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such text is what is tested
import { afterAll, beforeAll, expect } from "bun:test";
import { readFile } from "node:fs/promises";
import { quoteEnvironment, quoteExecLine, quotePath } from "../../src/unit/quoting.ts";
import { decodeText, encodeText } from "../../src/unit/text.ts";
import { UnitDraft } from "../../src/unit/unit-draft.ts";
import { Random } from "../unit/random.ts";
import { TRICKY_ARGUMENTS } from "../unit/tricky-arguments.ts";
import { bootHost, type Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";

const PARTS = [
  "a",
  " ",
  "%",
  "%n",
  "$",
  "${A}",
  '"',
  "'",
  "\\",
  ";",
  "\n",
  "\t",
  "\x01",
  "é",
  "\udcff",
  "\ufffe",
  "=",
  "/",
];

function argumentLists(): string[][] {
  const random = new Random(1);
  const made = Array.from({ length: 30 }, () => Array.from({ length: random.below(8) }, () => random.text(PARTS, 8)));
  return [...TRICKY_ARGUMENTS, ...made].map((list) => list.map((text) => decodeText(encodeText(text))));
}

describeOnSuites("both", "systemd of %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootHost({ suite });
  }, 300_000);
  afterAll(async () => {
    await host?.close();
  });

  /** Starts one service for each command line, and returns what they print, in order. */
  async function outputs(name: string, units: readonly UnitDraft[]): Promise<string[]> {
    const names = units.map((_, index) => `${name}-${index}`);
    await host.ok(["mkdir", "-p", "/run/quoting"]);
    for (const [index, unit] of units.entries()) {
      unit
        .append("Service", "Type", "oneshot")
        .append("Service", "StandardOutput", `file:/run/quoting/${names[index]}`);
      await host.write(`/run/systemd/system/${names[index]}.service`, unit.print());
    }
    await host.ok(["systemctl", "daemon-reload"]);
    await host.ok(["systemctl", "start", ...names]);
    return Promise.all(names.map(async (unit) => decodeText(await readFile(host.path(`/run/quoting/${unit}`)))));
  }

  hostTest("gives a program the arguments that were quoted", async () => {
    const lists = argumentLists();
    const units = lists.map((list) =>
      new UnitDraft().append("Service", "ExecStart", quoteExecLine(["/usr/bin/printf", "%s\\0", "first", ...list])),
    );
    const printed = await outputs("arguments", units);
    expect(printed.map((text) => text.split("\0").slice(1, -1))).toEqual(lists);
  });

  hostTest("expands what was left to it", async () => {
    const words = ["/usr/bin/printf", "%%s\\0", "first", "%N", "a b ${A}", "$A", "${A}", "$$A", "100%%"];
    const unit = new UnitDraft()
      .append("Service", "Environment", quoteEnvironment("A", "x  y"))
      .append("Service", "ExecStart", quoteExecLine(words, { expand: "expanded" }));
    const [printed] = await outputs("expanded", [unit]);
    expect(printed?.split("\0").slice(1, -1)).toEqual(["expanded-0", "a b x  y", "x", "y", "x  y", "$A", "100%"]);
  });

  hostTest("sets the environment that was quoted", async () => {
    // systemd refuses control characters and what is not UTF-8 in variables, but for tab and line feed.
    const values = argumentLists()
      .flat()
      .filter((text) => !/(?![\t\n])[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}]/u.test(text));
    const unit = new UnitDraft().append("Service", "ExecStart", "/usr/bin/env -0");
    for (const [index, value] of values.entries())
      unit.append("Service", "Environment", quoteEnvironment(`V${index}`, value));
    const [printed] = await outputs("environment", [unit]);
    const found = new Map(printed?.split("\0").map((line) => [line.replace(/=.*/s, ""), line.replace(/^[^=]*=/, "")]));
    expect(values.map((_, index) => found.get(`V${index}`))).toEqual(values);
  });

  hostTest("takes the paths that were quoted", async () => {
    const paths = ["/a b", "/it's", '/say "x"', "/back\\slash", "/100%", "/tab\there", "/é"];
    const unit = new UnitDraft().append("Unit", "RequiresMountsFor", paths.map((path) => quotePath(path)).join(" "));
    unit.append("Service", "ExecStart", "/bin/true");
    await outputs("paths", [unit]);
    const { stdout } = await host.run([
      "busctl",
      "get-property",
      "--json=short",
      "org.freedesktop.systemd1",
      "/org/freedesktop/systemd1/unit/paths_2d0_2eservice",
      "org.freedesktop.systemd1.Unit",
      "RequiresMountsFor",
    ]);
    expect(JSON.parse(stdout).data).toEqual(expect.arrayContaining(paths));
  });
});

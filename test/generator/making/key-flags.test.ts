import { expect, test } from "bun:test";
import { carries, keyTable, later, supported } from "../../../src/generator/keys/key.ts";
import { CommandLine } from "../../../src/generator/making/command-line.ts";
import { addFlags } from "../../../src/generator/making/key-flags.ts";
import { KeyReader } from "../../../src/generator/reading/key-reader.ts";
import { Report } from "../../../src/generator/reading/report.ts";
import { RUN } from "../../../src/options/flags/run-flags.ts";
import { indexSections } from "../../../src/unit/lookup.ts";
import { parseUnitText } from "../../../src/unit/unit-file.ts";

const TABLE = keyTable([
  supported("Zone", "string", "", "local", carries(RUN.tz)),
  supported("Switch", "boolean", "", "yes", carries(RUN.init)),
  supported("Names", "lines", "", "a", carries(RUN.dnsSearch)),
  supported("Placed", "string", "", "a", carries(RUN.hostname)),
  supported("Elsewhere", "string", "", "a"),
  later("Later", "string", "", "a"),
]);

function reader(text: string, report = new Report("app.container")): KeyReader {
  const file = parseUnitText("app.container", `[Container]\n${text}`);
  return new KeyReader("Container", indexSections(file).get("Container"), TABLE, report);
}

test("keys that are flags are added by their rows, those without a place too", () => {
  const keys = reader("Elsewhere=a\nPlaced=b\nNames=x\nNames=y\nLater=c\nSwitch=no\nZone=%i\n");
  const others = keys.flagsBeside(new Set(["Placed"]));
  expect(others).toEqual(["Names", "Switch", "Zone"]);
  const line = new CommandLine();
  addFlags(line, keys, ...others);
  expect(line.toString()).toBe("--dns-search x --dns-search y --init=false --tz %i");
});

test("a value that the flag's grammar refuses is reported, and no flag", () => {
  const report = new Report("app.container");
  const line = new CommandLine();
  addFlags(line, reader("Zone=a b\n", report), "Zone");
  expect(line.toString()).toBe("");
  expect(report.diagnostics).toMatchObject([{ code: "bad-timezone" }]);
});

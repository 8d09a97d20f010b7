import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GOLDEN, generateCase, goldenCases } from "./golden-case.ts";

const UNITS = join(import.meta.dir, "../../units");

/** What `systemd-analyze verify` says of the units; empty if it has no complaint. */
function verify(units: readonly { name: string; text: string }[], manager: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "berth-verify-"));
  try {
    mkdirSync(join(directory, "units"));
    const paths = units.map(({ name, text }) => {
      const path = join(directory, "units", name);
      writeFileSync(path, text);
      return path;
    });
    // No manual pages: those of berth need not be installed. Only errors of these units count, not of what they refer
    // to.
    const args = [...manager, "verify", "--man=no", "--recursive-errors=no", ...paths];
    // A user's manager wants to know its runtime directory.
    const env = { ...process.env, XDG_RUNTIME_DIR: directory, SYSTEMD_LOG_LEVEL: "info" };
    const { stdout, stderr, status, error } = spawnSync("systemd-analyze", args, { encoding: "utf8", env });
    if (error !== undefined) throw error;
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    // As of systemd 254; older ones pass over it.
    const complaints = lines.filter((line) => !line.includes("Unknown key 'UpheldBy' in section [Install]"));
    return complaints.join("\n") || (status === 0 || lines.length > 0 ? "" : `exit status ${status}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const name of goldenCases()) {
  test(`systemd takes the units of ${name}`, () => {
    const units = generateCase(name).files.map((file) => ({
      name: file.name,
      text: file.text.replaceAll("/usr/local/bin/berth", "/bin/true"),
    }));
    const user = name.includes("user-scope");
    if (units.length > 0) expect(verify(units, user ? ["--user"] : [])).toBe("");
  }, 30_000);
}

test("systemd takes the units that berth ships", () => {
  const units = readdirSync(UNITS).map((name) => ({
    name,
    text: readFileSync(join(UNITS, name), "utf8").replaceAll("@BINDIR@/berth", "/bin/true"),
  }));
  expect(units.length).toBeGreaterThan(0);
  expect(verify(units, [])).toBe("");
}, 30_000);

test("systemd would complain of a bad unit", () => {
  const bad = { name: "bad.service", text: "[Service]\nExecStart=/bin/true\nTimeoutStopSec=soon\n" };
  expect(verify([bad], [])).toContain("soon");
});

test("every golden case has an expected tree", () => {
  for (const name of goldenCases()) expect(readdirSync(join(GOLDEN, name))).toContain("out");
});

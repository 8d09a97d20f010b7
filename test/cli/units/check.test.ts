import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findingsIn, systemsPart } from "../../../src/cli/units/systemd-verify.ts";
import { warnOfUnknownZones } from "../../../src/cli/units/unknown-zones.ts";
import { testUnless } from "../../host/lane.ts";

const ENTRY = join(import.meta.dir, "../../../src/main.ts");
const IMAGE = "[Container]\nImage=registry.example/app:1\nNetwork=none\n";
const verifier = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].some((path) => existsSync(path));
const verifierTest = testUnless(verifier ? undefined : "no systemd-analyze", "berth check");

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-check-test-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Checks words after writing files; returns the exit code, and stdout and stderr in one. */
function check(files: Readonly<Record<string, string>>, ...words: string[]) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const env = { ...process.env, QUADLET_UNIT_DIRS: join(root, "installed") };
  const run = spawnSync(process.execPath, [ENTRY, "check", ...words], { cwd: root, env, encoding: "utf8" });
  return { status: run.status, said: run.stdout + run.stderr };
}

verifierTest("what systemd would drop or not know is a warning, at the user's own line", () => {
  const service = "Restart=unless-stopped\nMemoryMax=512MB # half\nRestartSec=1\n";
  const text = `[Unit]\nDesciption=x\n${IMAGE}Imge=wrong\n[Service]\n${service}[Install]\nWantedBy=default.target\n`;
  const { status, said } = check(
    { "app.container": text, "app.container.d/a.conf": "[Service]\nNice=1000\n" },
    "app.container",
  );
  expect(status).toBe(1);
  expect(said).toMatch(/^app\.container:2:1: warning: systemd: Unknown key.*Desciption/m);
  expect(said).toMatch(/^app\.container:8:1: warning: systemd: .*unless-stopped/m);
  expect(said).toMatch(/^app\.container:9:1: warning: systemd: .*512MB/m);
  expect(said).toMatch(/a\.conf:2:1: warning: systemd: .*1000/m);
  expect(said).not.toMatch(/:10:1|:12:1/);
  expect(said).toContain('error: unknown key "Imge"');
});

test("a folder without a Quadlet file is an error that says what is there", () => {
  const { status, said } = check({ "units/web.containers": IMAGE, "units/compose.yaml": "services:\n" }, "units");
  expect(status).toBe(1);
  expect(said).toContain("no Quadlet file in units: their names end in .container");
  expect(said).toContain("compose.yaml, web.containers are none");
});

test("of two files with one name, the one that is not read is named", () => {
  const { said } = check({ "a/web.container": IMAGE, "b/web.container": IMAGE }, "a", "b");
  expect(said).toContain("b/web.container: warning: not looked at: a/web.container has the same name, and comes first");
});

test("a file that was meant for another program gets one diagnostic", () => {
  const files: Readonly<Record<string, readonly [text: string, what: string]>> = {
    "docker.container": ['FROM debian:13\nRUN apt update && \\\n  apt install x\nCMD ["x"]\n', "a Containerfile"],
    "compose.container": ["version: '3'\nservices:\n  web:\n    image: x\n", "a compose file"],
    "kube.pod": ["apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n", "a Kubernetes manifest"],
    "run.container": ["docker run -d \\\n  --name x \\\n  image\n", "a shell script"],
  };
  for (const [name, [text, what]] of Object.entries(files)) {
    const { status, said } = check({ [name]: text }, name);
    expect(status).toBe(1);
    expect(said.match(/ error: /g)?.length, name).toBe(1);
    expect(said).toContain(`this looks like ${what}`);
  }
  expect(check({ "slip.container": `${IMAGE}services:\n` }, "slip.container").said).toContain("is not KEY=VALUE");
});

test("lines of other sections are left out of what systemd judges, and keep their numbers", () => {
  const content = (text: string) => ({ shownPath: "x", content: Buffer.from(text) });
  expect(systemsPart(content("[Container]\nImage=x\n[Service]\nNice=5\r\n"))).toBe(
    "#\n#\n[Service]\nNice=5\n\n\n[Service]\nExecStart=/bin/true\n",
  );
  expect(systemsPart(content("[Container]\nImage=x\n[Service]\n# only a comment\n"))).toBeUndefined();
  expect(systemsPart({ shownPath: "x", content: { failure: "gone" } })).toBeUndefined();
  expect(findingsIn("/t/a.service:7: Unknown key 'X'.\n/etc/b.service:1: other\nfree text\n", "/t")).toEqual([
    { unit: "a.service", line: 7, message: "systemd: Unknown key 'X'" },
  ]);
});

test("a time zone that this machine does not have is a warning, and what berth says is not said again", () => {
  mkdirSync(join(root, "zones/Europe"), { recursive: true });
  writeFileSync(join(root, "zones/Europe/Prague"), "");
  const zoneOf = (zone: string) => {
    const content = Buffer.from(`${IMAGE}Timezone=${zone}\n`);
    const source = { name: "a.container", path: "/a.container", shownPath: "a.container", content, dropIns: [] };
    return warnOfUnknownZones([source], join(root, "zones")).map(
      ({ line, column, code }) => `${line}:${column} ${code}`,
    );
  };
  expect(zoneOf("Europe/Nowhere")).toEqual(["4:10 unknown-zone"]);
  for (const fine of ["Europe/Prague", "local", "%i", "../Europe"]) expect(zoneOf(fine), fine).toEqual([]);
  const { said } = check({ "a.container": `${IMAGE}[Install]\nWantBy=x\n` }, "a.container");
  expect(said.match(/:5:1: warning: /g)?.length).toBe(1);
});

test("an instance with drop-ins alone is checked with its template, and its errors are told once", () => {
  const files = {
    "u/app@.container": `${IMAGE}Imge=x\n`,
    "u/app@one.container.d/a.conf": "[Container]\nEnvironmet=A=b\n",
  };
  const { said } = check(files, "u");
  expect(said.match(/Imge/g)?.length).toBe(1);
  expect(said).toContain("u/app@one.container.d/a.conf:2:1: error: unknown key");
});

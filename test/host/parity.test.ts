import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bootHost, type Host, type RunOptions, until } from "./host.ts";
import { hostLaneMisses, hostTest } from "./lane.ts";
import { makeOutside } from "./outside.ts";
import type { ParityCase } from "./parity-case.ts";
import { MAKE_IMAGE, PARITY_CASES, PREPARE } from "./parity-cases.ts";
import { DIFFERENCES } from "./parity-differences.ts";
import { factsOf, missingFrom } from "./parity-facts.ts";
import { SILENT } from "./parity-networks.ts";
import { differencesTable, tableOnPage } from "./parity-page.ts";
import { sample, startRegistry } from "./registry.ts";

const ALICE = { user: "alice" };

/** Runs a service's payload to its end, and returns what it has shown. */
async function lookInside(
  host: Host,
  { name, user, files = {} }: Pick<ParityCase, "name" | "user" | "files">,
): Promise<string[]> {
  const systemctl = (...args: string[]): [string[], RunOptions] =>
    user ? [["systemctl", "--user", ...args], ALICE] : [["systemctl", ...args], {}];
  await host.run(...systemctl("start", name));
  const end = (unit: string) =>
    until(`${unit} to end`, async () => {
      const now = await host.ok(...systemctl("show", "--property=ActiveState", "--value", unit));
      return now === "inactive" || now === "failed" ? now : undefined;
    });
  const state = await end(name);
  // A pod ends with it, and what it needs is ended; their interfaces would be seen by the next one.
  for (const file of Object.keys(files)) {
    if (file.endsWith(".pod")) await end(file.replace(/\.pod$/, "-pod"));
    if (file.endsWith(".container")) await host.run(...systemctl("stop", file.replace(/\.container$/, "")));
  }
  const journal = user ? await userJournal(host, name) : await host.journal(`${name}.service`);
  if (state === "failed") throw new Error(`${name}: ${journal}`);
  return factsOf(journal);
}

async function userJournal(host: Host, name: string): Promise<string> {
  await host.ok(["journalctl", "--sync"]);
  // Of a process that has ended meanwhile journald does not know the user's unit; systemd gave its output a name.
  const of = [`_SYSTEMD_USER_UNIT=${name}.service`, "+", `SYSLOG_IDENTIFIER=${name}`];
  return host.ok(["journalctl", "--no-pager", "--output=cat", ...of]);
}

describe("the same .container file under Podman 5.4 and under berth", () => {
  let podman: Host;
  let berth: Host;
  /** Which differences have been seen: one that nothing shows any more does not belong in the table. */
  const seen = new Set<string>();

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    [podman, berth] = await Promise.all([bootHost({ suite: "trixie", berth: false }), bootHost({ suite: "trixie" })]);
    const image = sample("tools:1");
    for (const [host, engine] of [[podman, "podman"] as const, [berth, "berth"] as const]) {
      await makeOutside(host, SILENT);
      await startRegistry(host);
      await host.ok([engine, "pull", "--quiet", image]);
      await host.sh(PREPARE);
      await host.sh(MAKE_IMAGE, { timeout: 120_000 });
      await host.ok([engine, "pull", "--quiet", image], ALICE);
      for (const { name, user, text, files = {}, units = {} } of PARITY_CASES) {
        const folder = `/etc/containers/systemd/${user ? "users/" : ""}`;
        await host.write(`${folder}${name}.container`, text);
        for (const [file, own] of Object.entries(files)) await host.write(folder + file, own);
        for (const [file, unit] of Object.entries(units)) await host.write(`/etc/systemd/system/${file}`, unit);
      }
      const sockets = PARITY_CASES.flatMap(({ units = {} }) => Object.keys(units));
      await host.ok(["systemctl", "daemon-reload"]);
      await host.ok(["systemctl", "--user", "daemon-reload"], ALICE);
      // What podman's users' units wait for.
      await host.ok(["systemctl", "start", "network-online.target", ...sockets]);
    }
    expect(await podman.ok(["podman", "--version"])).toContain(" 5.4");
  }, 400_000);

  afterAll(async () => {
    await podman?.close();
    await berth?.close();
  });

  for (const parity of PARITY_CASES) {
    hostTest(
      parity.name,
      async () => {
        const [theirs, ours] = await Promise.all([lookInside(podman, parity), lookInside(berth, parity)]);
        // A payload that has shown nothing would be equal to itself.
        expect(theirs.length).toBeGreaterThan(100);
        const unexplained: string[] = [];
        for (const [side, own, other] of [["podman", theirs, ours] as const, ["berth", ours, theirs] as const]) {
          for (const line of missingFrom(other, own)) {
            const difference = DIFFERENCES.find((one) => one[`${side}Lines`]?.test(line));
            if (difference === undefined) unexplained.push(`only under ${side}: ${line}`);
            else seen.add(difference.what);
          }
        }
        expect(unexplained).toEqual([]);
      },
      60_000,
    );
  }

  hostTest("a working directory that is not there is made, where Podman refuses it", async () => {
    const text = `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nWorkingDir=/not/there\n`;
    for (const host of [podman, berth]) {
      await host.write("/etc/containers/systemd/nowhere.container", text);
      await host.ok(["systemctl", "daemon-reload"]);
    }
    expect((await podman.run(["systemctl", "start", "nowhere"])).exitCode).not.toBe(0);
    expect(await podman.journal("nowhere")).toContain('workdir "/not/there" does not exist');
    expect(await lookInside(berth, { name: "nowhere" })).toContain("cwd: /not/there");
  });

  hostTest("a program that opens /proc/self/fd/1 runs as docs/compatibility.md says", async () => {
    const page = await readFile(join(import.meta.dir, "../../docs/compatibility.md"), "utf8");
    const file = /### Opening \/dev\/stdout\n[^#]*```ini\n([^`]*)```/.exec(page)?.[1] ?? "";
    const program = "#!/bin/sh\necho by-name > /proc/self/fd/1\necho as-well > /proc/self/fd/2\nexec sleep 1000\n";
    await berth.write("/srv/httpd-foreground", program);
    await berth.ok(["chmod", "755", "/srv/httpd-foreground"]);
    await berth.write(
      "/etc/containers/systemd/logs.container",
      `${file.replace("registry.example/httpd:2", sample("tools:1"))}Network=none\nStopSignal=KILL\nVolume=/srv/httpd-foreground:/bin/httpd-foreground\n`,
    );
    await berth.ok(["systemctl", "daemon-reload"]);
    await berth.ok(["systemctl", "start", "logs"]);
    const pid = await berth.ok(["systemctl", "show", "--property=MainPID", "--value", "logs"]);
    await until("the program to be the main process", async () => {
      return (await berth.ok(["cat", `/proc/${pid}/comm`])).includes("sleep");
    });
    await until("what it has said", async () => /by-name[\s\S]*as-well/.test(await berth.journal("logs")));
    await berth.ok(["systemctl", "stop", "logs"]);
  });

  hostTest("every difference in the table is there", async () => {
    expect(DIFFERENCES.map(({ what }) => what).filter((what) => !seen.has(what))).toEqual([]);
  });
});

test("docs/compatibility.md lists the differences (bun test/host/parity-page.ts writes it)", async () => {
  expect(await tableOnPage()).toBe(differencesTable());
});

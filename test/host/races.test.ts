import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { NEEDED, RACES, type Race } from "./race-table.ts";
import { sample } from "./registry.ts";

/** What an engine says of a fault in the program. */
const RAW = /TypeError|SyntaxError|RangeError|undefined is not|null is not|JSON Parse error|\n\s+at .+\.[jt]s/;

describeOnSuites("newest", "commands that run at the same time, on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, NEEDED);
    await install(host, {
      "race.pod": "[Pod]\nPodName=race\n",
      "race.volume": "[Volume]\n",
      "race.container": [
        `[Container]\nImage=${sample("tools:1")}\nContainerName=race\nPod=race.pod\nVolume=race.volume:/data`,
        "Exec=sleep infinity\nStopSignal=KILL\n[Service]\nTimeoutStopSec=20\n[Unit]\nStartLimitIntervalSec=0\n",
      ].join("\n"),
    });
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  for (const [kind, races] of Object.entries(RACES)) {
    hostTest(
      `${kind}: the machine is whole afterwards, and every error is berth's own`,
      async () => {
        for (const race of races) await hold(host, race);
        // What the kernel has still to clear away is no leftover.
        await until("nothing to be left", async () => (await leftovers(host)) === "");
      },
      400_000,
    );
  }
});

async function hold(host: Host, { name, before, together, winners, after }: Race): Promise<void> {
  const shell = (command: string) => host.run(["bash", "-c", command], { timeout: 90_000 });
  if (before !== undefined) await shell(before);
  const ended = await Promise.all(together.map(shell));
  const said = ended.map(({ stderr }, at) => `${together[at]}: ${stderr}`).join("\n");
  expect(`${name}\n${said}`).not.toMatch(RAW);
  for (const [at, { exitCode, stderr }] of ended.entries()) {
    const command = together[at] ?? "";
    const isError =
      /^berth: error: \S/m.test(stderr) || command.includes("systemctl") || isExecOfEnded(command, stderr, exitCode);
    expect([name, command, exitCode === 0 || isError, stderr]).toEqual([name, command, true, stderr]);
    // None waited until it was killed.
    if (!command.includes("berth exec")) expect([name, command, exitCode]).not.toEqual([name, command, 137]);
  }
  const succeeded = ended.filter(({ exitCode }) => exitCode === 0).length;
  if (winners !== undefined)
    expect(`${name}: ${succeeded} of ${together.length}\n${succeeded === winners ? "" : said}`).toBe(
      `${name}: ${winners} of ${together.length}\n`,
    );
  const end = await shell(`{ ${after}; } && berth verify`);
  expect([name, end.exitCode, end.exitCode === 0 ? "" : end.stderr + end.stdout.slice(-300)]).toEqual([name, 0, ""]);
}

/** `berth exec` becomes the OCI runtime, whose words those are, and then the process that ends with its container. */
function isExecOfEnded(command: string, stderr: string, exitCode: number): boolean {
  return command.startsWith("berth exec") && (exitCode === 137 || /level=error msg="exec failed/.test(stderr));
}

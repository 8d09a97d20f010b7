import { cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { bootHost, type Host } from "../../test/host/host.ts";
import { sample, startRegistry } from "../../test/host/registry.ts";
import { measureGenerators, measurePull } from "./generators.ts";
import { measureGrowth } from "./growth.ts";
import { measurePods, writePods } from "./pods.ts";
import { progress } from "./rounds.ts";
import { measureExec, measureMany, measureMemory, measureStarts } from "./starts.ts";
import { formatGoals, formatRows, type Row } from "./table.ts";
import { writeUnits } from "./units.ts";

interface Part {
  /** Rounds by default: each part is done in two minutes on a machine that does nothing else. */
  readonly rounds: number;
  readonly measure: (host: Host, rounds: number) => Promise<Row[]>;
}

const PARTS: Readonly<Record<string, Part>> = {
  start: { rounds: 7, measure: measureStarts },
  exec: { rounds: 15, measure: measureExec },
  many: { rounds: 3, measure: (host, rounds) => measureMany(host, rounds, "host") },
  "many-bridge": { rounds: 2, measure: (host, rounds) => measureMany(host, rounds, "bridge") },
  memory: { rounds: 1, measure: (host) => measureMemory(host) },
  pods: {
    rounds: 1,
    measure: async (host) => {
      await writePods(host);
      return measurePods(host);
    },
  },
  generator: { rounds: 11, measure: measureGenerators },
  pull: { rounds: 2, measure: measurePull },
  growth: { rounds: 3, measure: measureGrowth },
};

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    only: { type: "string", default: Object.keys(PARTS).join(",") },
    json: { type: "string" },
  },
});
const only = values.only.split(",");
const unknown = only.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`bench: no part is called ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}

progress("booting a trixie host");
const host = await bootHost({ suite: "trixie", storage: "disk" });
const rows: Row[] = [];
const loadBefore = loadavg();
/** Measures a part. Reports one that cannot run, for the others still to be measured. */
async function measurePart(name: string, { rounds, measure }: Part): Promise<void> {
  progress(`measuring: ${name}`);
  const from = performance.now();
  try {
    const measured = await measure(host, values.rounds === undefined ? rounds : Number(values.rounds));
    rows.push(...measured);
    console.log(`\n${formatRows(measured)}`);
  } catch (error) {
    progress(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
  progress(`${name} took ${((performance.now() - from) / 1000).toFixed(0)} s`);
}
try {
  await startRegistry(host);
  await host.ok(["podman", "pull", "--quiet", sample("tools:1")], { timeout: 120_000 });
  await host.ok(["berth", "pull", sample("tools:1")], { timeout: 120_000 });
  await writeUnits(host);
  for (const [name, part] of Object.entries(PARTS)) if (only.includes(name)) await measurePart(name, part);
  const goals = formatGoals(rows);
  if (goals !== undefined) console.log(`\n${goals}`);
  if (values.json !== undefined) {
    const versions = await host.sh(
      "runc --version | head -1; crun --version | head -1; podman --version; systemctl --version | head -1",
    );
    const machine = { processors: cpus().length, kernel: release(), loadBefore, loadAfter: loadavg() };
    const report = { date: new Date().toISOString(), machine, versions: versions.trim().split("\n"), rows };
    // JSON has no NaN: a round that failed is null.
    await Bun.write(values.json, `${JSON.stringify(report, null, 1)}\n`);
  }
} finally {
  await host.close();
}

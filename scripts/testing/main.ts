/**
 * Runs the lanes of tests side by side: bun scripts/testing/main.ts [--soak] [--runtime NAME] [PATH…], as root; see
 * test/README.md.
 *
 * The last line is "N passed, N failed".
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { OCI_RUNTIMES, type OciRuntimeName } from "../../src/oci-runtimes.ts";
import { cacheDir } from "../../test/host/root.ts";
import { guessedSeconds, type Lane, lanesOf, type Mode, runsWith, urgency } from "./lanes.ts";
import { type Job, runPool } from "./pool.ts";
import { ProcessorTime } from "./processor-time.ts";
import { readReport } from "./report.ts";
import { type Outcome, secondsTable, slowestTests, verdict } from "./summary.ts";

const ROOT = join(import.meta.dir, "../..");
const STRICT = process.env.CI === "true";
/** The reports of the last run, one a lane; scripts/testing/pairs.ts lists their tests. */
const LAST_REPORTS = join(cacheDir(), "reports");
/** Those of this run, beside which there may be others. */
const REPORTS = `${LAST_REPORTS}.${process.pid}`;
/** The seconds that each lane took when it ran last, by its name. */
const TIMES = join(cacheDir(), "lane-seconds.json");
/** In milliseconds, of tests that set none themselves. */
const TIME_LIMITS = { plain: 60_000, host: 900_000, vm: 900_000 } as const;

interface TestJob extends Job {
  readonly lane?: Lane;
}

const outcomes: Outcome[] = [];
const children = new Set<Bun.Subprocess>();
const started = performance.now();
const processors = new ProcessorTime();

async function main(): Promise<void> {
  const { words, runtime } = commandLine(process.argv.slice(2));
  const chosen = words.filter((word) => !word.startsWith("--"));
  const mode: Mode = words.includes("--soak") ? "soak" : STRICT ? "ci" : "local";
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
  mkdirSync(REPORTS, { recursive: true });
  const files = testFiles();
  const lanes = lanesOf(files, mode, chosen).filter((lane) => runsWith(lane, runtime));
  // A path that is mistyped must not look like tests that pass.
  const missing = chosen.filter((word) => lanesOf(files, mode, [word]).length === 0);
  if (missing.length > 0) {
    summarize(missing.map((word) => `no tests in ${word}`));
    return;
  }
  const times = readTimes();
  const seconds = (lane: Lane) => times[lane.name] ?? guessedSeconds(lane, files);
  const env = { ...laneEnvironment(mode, chosen.length === 0), ...(runtime && { BERTH_TEST_RUNTIME: runtime }) };
  const jobs: TestJob[] = [
    ...(chosen.length === 0 && mode !== "soak" ? checks() : []),
    ...preparations(lanes),
    ...lanes.map((lane) => ({ ...lane, lane, needs: needsOf(lane), run: () => runLane(lane, env) })),
  ];
  await check("build", ["npm", "run", "--silent", "build"]);
  // One more than there are processors, four at most: hosts often wait for time to pass.
  const workers = Number(process.env.BERTH_TEST_WORKERS) || Math.min(availableParallelism() + 1, 4);
  // Preparations are waited for, so they come first.
  const urgencyOf = ({ lane }: TestJob, waiting: readonly TestJob[]) =>
    lane === undefined
      ? Number.POSITIVE_INFINITY
      : urgency(
          lane,
          waiting.flatMap((job) => job.lane ?? []),
          seconds,
        );
  await runPool(jobs, workers, urgencyOf);
  const taken = outcomes
    .filter(({ tests }) => tests !== undefined)
    .map((done) => [done.name, Math.round(done.seconds)]);
  writeFileSync(TIMES, `${JSON.stringify({ ...times, ...Object.fromEntries(taken) }, undefined, 2)}\n`);
  rmSync(LAST_REPORTS, { recursive: true, force: true });
  renameSync(REPORTS, LAST_REPORTS);
  summarize([]);
}

/** The words of the command line, without `--runtime NAME`. A name that berth does not know throws. */
function commandLine(words: readonly string[]): { words: readonly string[]; runtime: OciRuntimeName | undefined } {
  const at = words.indexOf("--runtime");
  if (at < 0) return { words, runtime: undefined };
  const runtime = OCI_RUNTIMES.find((name) => name === words[at + 1]);
  if (runtime === undefined) throw new Error(`--runtime is one of ${OCI_RUNTIMES.join(", ")}`);
  return { words: words.toSpliced(at, 2), runtime };
}

/** What test/host/lane.ts and the tests read. */
function laneEnvironment(mode: Mode, whole: boolean): Record<string, string> {
  if (mode === "local") return whole ? { BERTH_TEST_OLDER: "differing" } : {};
  if (mode === "ci") return {};
  const seed = process.env.BERTH_TEST_SEED || String(Date.now() % 1_000_000);
  process.stdout.write(`BERTH_TEST_SEED=${seed}\n`);
  return { BERTH_TEST_SOAK: "yes", BERTH_TEST_SEED: seed };
}

function checks(): TestJob[] {
  return [
    { name: "types", run: () => check("types", ["node_modules/.bin/tsc"]) },
    { name: "style", run: () => check("style", ["node_modules/.bin/biome", "check"]) },
  ];
}

/** What hosts and emulated machines are made of, before lanes that run beside each other all make it. */
function preparations(lanes: readonly Lane[]): TestJob[] {
  const needed = new Set(lanes.flatMap(needsOf));
  const prepare = (what: string) => check(what, [process.execPath, "test/host/prepare.ts", what]);
  return [...needed].map((name) => ({ name, run: () => prepare(name) }));
}

function needsOf({ kind }: Lane): readonly string[] {
  return { plain: [], host: ["hosts"], vm: ["hosts", "machines"] }[kind];
}

async function check(name: string, command: readonly string[]): Promise<void> {
  const { log, ...ended } = await run(command, {});
  finish({ name, ...ended }, log);
}

async function runLane(lane: Lane, env: Readonly<Record<string, string>>): Promise<void> {
  const report = join(REPORTS, `${lane.name.replaceAll(/[ /]/g, "-")}.xml`);
  const options = [`--timeout=${TIME_LIMITS[lane.kind]}`, "--reporter=junit", `--reporter-outfile=${report}`];
  const paths = lane.paths.map((path) => `./${path}`);
  const suite = lane.suite === undefined ? {} : { BERTH_TEST_SUITE: lane.suite };
  const own = { ...suite, ...(lane.runtime && { BERTH_TEST_RUNTIME: lane.runtime }) };
  const { log, ...ended } = await run([process.execPath, "test", ...options, ...paths], { ...env, ...own });
  const tests = existsSync(report) ? readReport(readFileSync(report, "utf8")) : [];
  finish({ name: lane.name, ...ended, tests }, log);
}

async function run(command: readonly string[], env: Readonly<Record<string, string>>) {
  const start = performance.now();
  const log = join(REPORTS, `${Math.random().toString(36).slice(2)}.log`);
  const output = Bun.file(log);
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: output,
    stderr: output,
  });
  children.add(child);
  const exitCode = await child.exited;
  children.delete(child);
  const text = readFileSync(log, "utf8");
  rmSync(log);
  return { seconds: (performance.now() - start) / 1000, exitCode, log: text };
}

/** Keeps an outcome and prints a line of it, with what it printed where that has to be read. */
function finish(outcome: Outcome, log: string): void {
  outcomes.push(outcome);
  const { name, seconds, tests } = outcome;
  const { failed } = verdict(outcome, STRICT);
  const notable = failed > 0 || tests === undefined || tests.some((test) => test.outcome === "skipped");
  const count = tests === undefined ? "" : `, ${tests.length} tests`;
  process.stdout.write(`== ${name}: ${seconds.toFixed(0)} s${count}${failed > 0 ? ", FAILED" : ""}\n`);
  if (notable && log.trim() !== "") process.stdout.write(`${log.trimEnd()}\n`);
}

/** Prints the seconds of each lane, the slowest tests, what is wrong, and the counts. */
function summarize(more: readonly string[]): void {
  const verdicts = outcomes.map((outcome) => verdict(outcome, STRICT));
  const problems = [...verdicts.flatMap((one) => one.problems), ...more];
  // Packages have been seen to by scripts/test.sh: that is one more that has passed.
  const passed = verdicts.reduce((sum, one) => sum + one.passed, 1);
  const failed = verdicts.reduce((sum, one) => sum + one.failed, more.length);
  const whole = (performance.now() - started) / 1000;
  const lines = [
    "\nthe lanes:",
    ...secondsTable(outcomes),
    `together ${whole.toFixed(0)} s, the processors at work for ${processors.share()} % of them`,
    "\nthe slowest tests:",
    ...slowestTests(outcomes),
    "",
    ...problems.map((problem) => `failed: ${problem}`),
    `${passed} passed, ${failed} failed`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Ends what runs, and reports what has ended before. */
function stop(signal: string): void {
  for (const child of children) child.kill("SIGTERM");
  rmSync(REPORTS, { recursive: true, force: true });
  summarize([`${signal} ended the run, after ${outcomes.length} lanes and checks`]);
  process.exit(1);
}

function testFiles(): Map<string, string> {
  const paths = [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: ROOT })].sort();
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

function readTimes(): Readonly<Record<string, number>> {
  try {
    const kept: unknown = JSON.parse(readFileSync(TIMES, "utf8"));
    const entries = typeof kept === "object" && kept !== null ? Object.entries(kept) : [];
    return Object.fromEntries(entries.filter(([, seconds]) => typeof seconds === "number"));
  } catch {
    return {};
  }
}

await main();

import { expect, test } from "bun:test";
import { guessedSeconds, lanesOf, urgency } from "../../scripts/testing/lanes.ts";
import { type Job, runPool } from "../../scripts/testing/pool.ts";
import { pairName, readReport } from "../../scripts/testing/report.ts";
import { secondsTable, slowestTests, verdict } from "../../scripts/testing/summary.ts";

const FILES = new Map([
  ["test/architecture.test.ts", ""],
  ["test/unit/words.test.ts", ""],
  ["test/unit/escape.test.ts", ""],
  ["test/host/pods.test.ts", 'describeOnSuites("both", "pods on %s", (suite) => {});'],
  ["test/host/images.test.ts", 'describeOnSuites(\n  "newest", "images on %s", (suite) => {});'],
  ["test/host/loginuid.test.ts", 'describeOnSuites("both", "the audit loginuid on %s", (suite) => {});'],
  ["test/host/parity.test.ts", "describe()"],
  ["test/host/hundred.test.ts", 'describeOnSuites("both", "a hundred on %s", (suite) => {});'],
  ["test/vm/kernel.test.ts", 'describeOnSuites("both", "with a kernel on %s", (suite) => {});'],
  ["test/soak/update.test.ts", 'describeOnSuites("newest", "an update on %s", (suite) => {});'],
]);
const names = (...args: Parameters<typeof lanesOf> extends [unknown, ...infer Rest] ? Rest : never) =>
  lanesOf(FILES, ...args).map(({ name }) => name);

test("continuous integration has a lane for each file and suite, and one for each folder of plain tests", () => {
  expect(names("ci")).toEqual([
    ...["host-pods bookworm", "host-pods trixie", "host-images bookworm", "host-images trixie"],
    ...["host-loginuid bookworm", "host-loginuid trixie", "host-parity"],
    ...["host-hundred bookworm", "host-hundred trixie", "vm-kernel bookworm", "vm-kernel trixie"],
    ...["host-pods trixie crun", "host-loginuid trixie crun", "top", "unit"],
  ]);
});

test("a developer's run leaves out the older suite's copy of what depends on nothing that differs, and no more", () => {
  const only = names("ci").filter((name) => !names("local").includes(name));
  expect(only.filter((name) => !name.endsWith(" crun"))).toEqual(["host-images bookworm"]);
});

test("chosen files and folders run on both suites, and a plain file by itself", () => {
  expect(names("local", ["test/host/images.test.ts", "./test/unit/"])).toEqual([
    ...["host-images bookworm", "host-images trixie", "unit/words", "unit/escape"],
  ]);
});

test("a soak is what is too long for every change", () => {
  expect(names("soak")).toEqual([
    ...["host-hundred bookworm", "host-hundred trixie", "vm-kernel bookworm", "vm-kernel trixie"],
    ...["soak-update bookworm", "soak-update trixie"],
  ]);
});

test("lanes that may not run beside each other are as urgent as all of them, and guesses prefer what may take long", () => {
  const lanes = lanesOf(FILES, "ci");
  const lane = (name: string) => lanes.find((one) => one.name === name) ?? lanes[0];
  const [bookworm, pods] = [lane("vm-kernel bookworm"), lane("host-pods trixie")];
  if (bookworm === undefined || pods === undefined) throw new Error("no lane");
  expect(urgency(bookworm, lanes, () => 10)).toBe(20);
  expect(urgency(pods, lanes, () => 10)).toBe(10);
  const long = new Map([["test/host/pods.test.ts", 'hostTest("a", async () => {}, 600_000);']]);
  expect(guessedSeconds(pods, long)).toBeGreaterThan(guessedSeconds(pods, FILES));
});

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="2" failures="1" skipped="1" time="2.8">
  <testsuite name="test/host/pods.test.ts" file="test/host/pods.test.ts" tests="3">
    <testcase name="share &quot;all&quot;" classname="in the user scope &gt; pods on trixie" time="3.25" file="a" line="27" />
    <testcase name="400 archives (FUZZ_SEED=201789): each" classname="" time="0.5" file="a" line="2">
      <failure type="AssertionError" message="no" />
    </testcase>
    <testcase name="not here" classname="" time="0" file="a" line="3">
      <skipped />
    </testcase>
  </testsuite>
</testsuites>
`;

test("a report's tests are read with what is around them, and named without seeds", () => {
  const tests = readReport(REPORT);
  expect(tests.map(({ outcome, seconds }) => [outcome, seconds])).toEqual([
    ["passed", 3.25],
    ["failed", 0.5],
    ["skipped", 0],
  ]);
  expect(tests.map(pairName)).toEqual([
    'pods on trixie > in the user scope > share "all"',
    "400 archives (FUZZ_SEED=…): each",
    "not here",
  ]);
  expect(() => readReport("")).toThrow("no report");
});

test("a skipped test fails a strict run, and so does what is in no report", () => {
  const lane = { name: "pods", seconds: 4, exitCode: 1, tests: readReport(REPORT) };
  expect(verdict(lane, false)).toMatchObject({ passed: 1, failed: 1 });
  expect(verdict(lane, true)).toMatchObject({ passed: 1, failed: 2 });
  expect(verdict({ ...lane, tests: lane.tests.slice(0, 1) }, false)).toEqual({
    passed: 1,
    failed: 1,
    problems: ["pods: exit code 1"],
  });
  expect(verdict({ ...lane, tests: [] }, false).problems).toEqual(["pods: no report, exit code 1"]);
  expect(verdict({ name: "types", seconds: 1, exitCode: 0 }, true)).toEqual({ passed: 1, failed: 0, problems: [] });
});

test("lanes and tests that took longest are shown first", () => {
  const lanes = [
    { name: "unit", seconds: 1.4, exitCode: 0, tests: [] },
    { name: "pods", seconds: 4, exitCode: 0, tests: readReport(REPORT) },
  ];
  expect(secondsTable(lanes)).toEqual(["pods      4 s     3 tests", "unit      1 s     0 tests"]);
  expect(slowestTests(lanes, 1)).toEqual(['    3.3 s  pods: share "all"']);
});

test("jobs wait for what they need and for those that they cannot be beside; the most urgent comes first", async () => {
  const log: string[] = [];
  const job = (name: string, more: Partial<Job> = {}): Job => ({
    name,
    ...more,
    run: async () => {
      log.push(`${name} starts`);
      await Bun.sleep(1);
      log.push(`${name} ends`);
    },
  });
  const jobs = [
    job("small"),
    job("vm1", { alone: "vm", needs: ["prepare"] }),
    job("vm2", { alone: "vm" }),
    job("prepare"),
  ];
  const urgencies: Record<string, number> = { vm1: 3, vm2: 2, prepare: 9 };
  await runPool(jobs, 2, ({ name }) => urgencies[name] ?? 0);
  expect(log.slice(0, 2)).toEqual(["prepare starts", "vm2 starts"]);
  expect(log.indexOf("vm1 starts")).toBeGreaterThan(log.indexOf("vm2 ends"));
  expect(log.filter((line) => line.endsWith("ends"))).toHaveLength(4);
  expect(runPool([job("a", { needs: ["b"] }), job("b", { needs: ["a"] })], 2, () => 0)).rejects.toThrow("a, b");
});

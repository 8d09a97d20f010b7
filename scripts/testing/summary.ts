import type { TestResult } from "./report.ts";

/** A check or a lane that has ended. */
export interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly exitCode: number;
  /** Undefined of a check, which passes or fails as a whole; empty of a lane that left no report. */
  readonly tests?: readonly TestResult[];
}

/** How an outcome counts. */
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  /** A line for each thing that is wrong. */
  readonly problems: readonly string[];
}

/** With `strict`, as in continuous integration, a skipped test counts as a failure. */
export function verdict({ name, exitCode, tests }: Outcome, strict: boolean): Verdict {
  if (tests === undefined)
    return exitCode === 0
      ? { passed: 1, failed: 0, problems: [] }
      : { passed: 0, failed: 1, problems: [`${name}: exit code ${exitCode}`] };
  if (tests.length === 0) return { passed: 0, failed: 1, problems: [`${name}: no report, exit code ${exitCode}`] };
  const bad = tests.filter(({ outcome }) => outcome === "failed" || (strict && outcome === "skipped"));
  const problems = bad.map((test) => `${name}: ${test.outcome === "skipped" ? "skipped: " : ""}${test.name}`);
  // An error outside of any test (a module that does not load) is in no report.
  const broken = exitCode !== 0 && !tests.some(({ outcome }) => outcome === "failed");
  return {
    passed: tests.filter(({ outcome }) => outcome === "passed").length,
    failed: bad.length + (broken ? 1 : 0),
    problems: broken ? [...problems, `${name}: exit code ${exitCode}`] : problems,
  };
}

/** A line for each outcome, with its seconds and tests, those that took longest first. */
export function secondsTable(outcomes: readonly Outcome[]): string[] {
  const width = Math.max(0, ...outcomes.map(({ name }) => name.length));
  return outcomes
    .toSorted((a, b) => b.seconds - a.seconds)
    .map(({ name, seconds, tests }) => {
      const count = tests === undefined ? "" : `${String(tests.length).padStart(6)} tests`;
      return `${name.padEnd(width)} ${seconds.toFixed(0).padStart(6)} s${count}`;
    });
}

/** The tests that took longest, each with its lane's name. */
export function slowestTests(outcomes: readonly Outcome[], count = 10): string[] {
  return outcomes
    .flatMap(({ name: lane, tests = [] }) => tests.map((test) => ({ lane, ...test })))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ lane, name, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${lane}: ${name}`);
}

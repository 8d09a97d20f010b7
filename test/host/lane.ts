import { describe, test } from "bun:test";
import { existsSync } from "node:fs";
import { DEFAULT_OCI_RUNTIME } from "../../src/oci-runtimes.ts";
import { SUITES, type Suite } from "./root.ts";

/** Why the host lane cannot run on this machine, or undefined when it can. */
export function hostLaneMisses(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  for (const tool of ["/usr/bin/mmdebstrap", "/usr/bin/nsenter", "/usr/sbin/ip", "/usr/bin/setpriv"]) {
    if (!existsSync(tool) && !existsSync(tool.replace("/usr/sbin", "/sbin"))) return `needs ${tool}`;
  }
  return undefined;
}

/**
 * `test`, or where the lane cannot run a skip that prints why once. With CI=true nothing may be skipped: the tests then
 * run, and fail.
 */
export function testUnless(misses: string | undefined, lane: string): typeof test {
  if (misses === undefined || process.env.CI === "true") return test;
  process.stderr.write(`skipped: ${lane}: ${misses}\n`);
  return test.skip as typeof test;
}

/** Whether this is `npm run soak`: as long as it takes, rather than as short as it can be. */
export const IS_SOAK = process.env.BERTH_TEST_SOAK === "yes";

/** What chance decides in a soak follows from it: a run can be repeated with `BERTH_TEST_SEED`. */
export const SEED = Number(process.env.BERTH_TEST_SEED || Date.now() % 1_000_000);

/** The OCI runtime that the hosts' containers are made by: `BERTH_TEST_RUNTIME`, or berth's own default. */
export const OCI_RUNTIME = process.env.BERTH_TEST_RUNTIME || DEFAULT_OCI_RUNTIME;

const inHost = testUnless(hostLaneMisses(), "host lane");

/** `test` for tests in a systemd host; they may take `timeout` milliseconds, for hosts share the machine. */
export function hostTest(name: string, body: () => Promise<void>, timeout = 120_000): void {
  inHost(name, body, timeout);
}

/**
 * What tests depend on. `both`: on something that differs between the suites, such as systemd (252 and 257), runc,
 * netavark or Podman. `newest`: on nothing of the kind, so that a developer's `npm test` runs them on the newest suite
 * alone. scripts/testing/lanes.ts reads the word from the files.
 */
export type Dependence = "both" | "newest";

/**
 * The suites that this process runs tests of: `BERTH_TEST_SUITE` names one, and with `BERTH_TEST_OLDER=differing` the
 * older one has only what depends on it. By hand these are unset, and everything runs.
 */
export function suitesHere(dependence: Dependence): Suite[] {
  const { BERTH_TEST_SUITE: wanted, BERTH_TEST_OLDER: older } = process.env;
  const needed = (suite: Suite) => suite === SUITES.at(-1) || dependence === "both" || older !== "differing";
  return SUITES.filter((suite) => (!wanted || suite === wanted) && needed(suite));
}

/** `describe` for each suite; `%s` in the name is the suite's. */
export function describeOnSuites(dependence: Dependence, name: string, body: (suite: Suite) => void): void {
  const suites = suitesHere(dependence);
  if (suites.length > 0) describe.each(suites)(name, body);
}

/** As `hostTest`, among tests on both suites, for what depends on nothing that differs between them. */
export function newestHostTest(suite: Suite, name: string, body: () => Promise<void>, timeout?: number): void {
  if (suitesHere("newest").includes(suite)) hostTest(name, body, timeout);
}

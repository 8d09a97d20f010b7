import { test } from "bun:test";
import { existsSync } from "node:fs";

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

const inHost = testUnless(hostLaneMisses(), "host lane");

/** `test` for tests in a systemd host; they may take `timeout` milliseconds, for hosts share the machine. */
export function hostTest(name: string, body: () => Promise<void>, timeout = 120_000): void {
  inHost(name, body, timeout);
}

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { CAPABILITIES } from "../../../src/options/values/capability.ts";
import { attainableCapabilities, attainableLimits } from "../../../src/runtime/spec/limits.ts";

test("knows the capabilities that this process can give", () => {
  const mask = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]}`);
  const known = attainableCapabilities();
  expect(known).toEqual(CAPABILITIES.filter((_, bit) => (mask & (1n << BigInt(bit))) !== 0n));
});

test("promises no limit that cannot be set", () => {
  const script = `
    import { attainableLimits } from ${JSON.stringify(`${import.meta.dir}/../../../src/runtime/spec/limits.ts`)};
    console.log(JSON.stringify(attainableLimits(true)));`;
  const child = Bun.spawnSync(["sh", "-c", 'ulimit -n 500; exec "$0" -e "$1"', process.execPath, script]);
  expect(JSON.parse(child.stdout.toString()).nofile).toBe(500);
  expect(attainableLimits(true).nproc).toBeGreaterThan(0);
});

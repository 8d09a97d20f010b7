import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { CAPABILITIES } from "../../../src/options/values/capability.ts";
import { attainableCapabilities, attainableLimits, checkLimits } from "../../../src/runtime/spec/limits.ts";
import { checkSysctls } from "../../../src/runtime/spec/sysctl-check.ts";

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

test("refuses a limit that nobody can set, and says what would raise it", () => {
  const most = Number(readFileSync("/proc/sys/fs/nr_open", "utf8"));
  checkLimits([{ type: "nofile", soft: 10, hard: 20 }], false);
  const above = `ulimit nofile=${most + 1}: more than fs.nr_open, ${most}`;
  expect(() => checkLimits([{ type: "nofile", soft: 10, hard: most + 1 }], false)).toThrow(above);
  expect(() => checkLimits([{ type: "nofile", soft: -1, hard: -1 }], false)).toThrow("ulimit nofile=unlimited: more");
  const script = `
    import { checkLimits } from ${JSON.stringify(`${import.meta.dir}/../../../src/runtime/spec/limits.ts`)};
    for (const [type, hard] of [["core", 7], ["nofile", 400], ["core", 99999], ["nofile", 600]])
      try { checkLimits([{ type, soft: 1, hard }], true); console.log("fine"); }
      catch ({ code, message }) { console.log(code, message); }`;
  const child = Bun.spawnSync(["sh", "-c", 'ulimit -n 500; ulimit -c 8; exec "$0" -e "$1"', process.execPath, script]);
  expect(child.stdout.toString().trim().split("\n")).toEqual([
    "fine",
    "fine",
    expect.stringMatching(/^bad-request ulimit core=99999: more than this user's hard limit \d+ \(LimitCORE= of/),
    expect.stringMatching(/^bad-request ulimit nofile=600: more than this user's hard limit 500 \(LimitNOFILE= of/),
  ]);
});

test("refuses a sysctl that the kernel does not have", () => {
  checkSysctls(["kernel.shmmax", "net.core.somaxconn", "net/core/somaxconn", "fs.mqueue.msg_max"]);
  // Those of interfaces are there when the interface is.
  checkSysctls(["net.ipv4.conf.eth7.forwarding", "net.ipv4.vs.conntrack"]);
  for (const name of ["net.core.foo", "kernel.nosuch", "fs.mqueue.none"])
    expect(() => checkSysctls([name])).toThrow(`sysctl ${name}: this kernel has no such setting`);
});

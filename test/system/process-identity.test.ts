import { expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identify, isAlive, isGone, readProc } from "../../src/system/process-identity.ts";

test("a process is the same for as long as it lives", async () => {
  const child = Bun.spawn(["/bin/cat"], { stdin: "pipe" });
  const identity = identify(child.pid);
  if (identity === undefined) throw new Error("no identity");
  expect(identity.pid).toBe(child.pid);
  expect(isAlive(identity)).toBe(true);
  expect(identify(child.pid)).toEqual(identity);
  // The number alone says nothing.
  expect(isAlive({ ...identity, startTime: "1" })).toBe(false);
  child.kill("SIGKILL");
  await child.exited;
  expect(isAlive(identity)).toBe(false);
  expect(readProc(child.pid, "cgroup")).toBeUndefined();
});

test("a name with blanks and parentheses does not shift the fields", async () => {
  const folder = mkdtempSync(join(tmpdir(), "identity-"));
  const program = join(folder, "a) b (c");
  copyFileSync("/bin/cat", program);
  const child = Bun.spawn([program], { stdin: "pipe" });
  try {
    const [own, other] = [identify(process.pid), identify(child.pid)];
    expect(Number(other?.startTime)).toBeGreaterThanOrEqual(Number(own?.startTime));
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true });
  }
});

test("there is no process of an unused number", () => {
  expect(identify(2 ** 30)).toBeUndefined();
});

test("a process that has ended is gone before anyone has waited for it", async () => {
  // The shell becomes a program that waits for no child.
  const parent = Bun.spawn(["/bin/sh", "-c", "sleep 1000001 & exec sleep 1000000"], { stdin: "ignore" });
  try {
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
    const pid = Number(readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8"));
    const child = identify(pid);
    if (child === undefined) throw new Error("no identity");
    expect([isAlive(child), isGone(pid)]).toEqual([true, false]);
    process.kill(pid, "SIGKILL");
    await until(() => /\) Z /.test(readProc(pid, "stat") ?? ""));
    expect(identify(pid)).toEqual(child);
    expect([isAlive(child), isGone(pid)]).toEqual([false, true]);
  } finally {
    parent.kill("SIGKILL");
    await parent.exited;
  }
});

/** Waits for a condition; an error after ten seconds. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ten seconds: ${holds}`);
    await Bun.sleep(5);
  }
}

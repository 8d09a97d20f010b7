import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFile, tryLockFile } from "../../src/system/lock.ts";

const LOCK = JSON.stringify(join(import.meta.dir, "../../src/system/lock.ts"));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that takes the lock of `path`, says so, and has it until its standard input ends. */
async function holder(path: string, how: "exclusive" | "shared") {
  const script = `
    import { openSync } from "node:fs";
    import { lockFile } from ${LOCK};
    lockFile(openSync(${JSON.stringify(path)}, "a"), ${JSON.stringify(how)});
    process.stdout.write("locked");
    for await (const _ of process.stdin);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  await child.stdout.getReader().read();
  return child;
}

function canLock(path: string, how: "exclusive" | "shared"): boolean {
  const fd = openSync(path, "a");
  try {
    return tryLockFile(fd, how);
  } finally {
    closeSync(fd);
  }
}

test("what another process has exclusively cannot be had, and is free when that is killed", async () => {
  const path = join(folder, "exclusive");
  const child = await holder(path, "exclusive");
  expect([canLock(path, "exclusive"), canLock(path, "shared")]).toEqual([false, false]);
  child.kill("SIGKILL");
  await child.exited;
  expect([canLock(path, "exclusive"), canLock(path, "shared")]).toEqual([true, true]);
});

test("several may share a lock, which nobody has exclusively meanwhile", async () => {
  const path = join(folder, "shared");
  const child = await holder(path, "shared");
  expect([canLock(path, "exclusive"), canLock(path, "shared")]).toEqual([false, true]);
  await child.stdin.end();
  await child.exited;
});

test("a waiting process gets the lock when it is given up", async () => {
  const path = join(folder, "waiting");
  const fd = openSync(path, "a");
  lockFile(fd, "exclusive");
  const waiting = holder(path, "exclusive");
  closeSync(fd);
  const child = await waiting;
  expect(canLock(path, "exclusive")).toBe(false);
  await child.stdin.end();
  await child.exited;
});

test("two open files of one process are two holders", () => {
  const path = join(folder, "own");
  const [one, other] = [openSync(path, "a"), openSync(path, "a")];
  expect([tryLockFile(one, "exclusive"), tryLockFile(other, "shared")]).toEqual([true, false]);
  expect(tryLockFile(one, "shared")).toBe(true);
  expect(tryLockFile(other, "shared")).toBe(true);
  closeSync(one);
  closeSync(other);
});

test("a file that is not open cannot be locked", () => {
  expect(() => lockFile(1_000_000, "shared")).toThrow("flock: EBADF");
});

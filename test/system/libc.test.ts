import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sendBarrier, sendDatagram } from "../../src/system/datagram.ts";
import { errnoName } from "../../src/system/error.ts";
import { execve } from "../../src/system/exec.ts";
import { cString, libc, ptr } from "../../src/system/libc.ts";
import { mount, mountFlags } from "../../src/system/mount.ts";
import { setns } from "../../src/system/namespaces.ts";
import { failure } from "./failure.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "libc-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a failed call says what it was about and how it failed", () => {
  const missing = failure(() => mount("none", join(folder, "missing"), "tmpfs", 0));
  expect(missing.code).toBe("syscall");
  expect(missing.message).toBe(`mount tmpfs on ${folder}/missing: ${missing.errno}`);
  expect(errnoName(missing)).toMatch(/^(ENOENT|EPERM)$/);
  expect(failure(() => setns(1_000_000, 0)).message).toBe("setns: EBADF");
  expect(failure(() => execve(join(folder, "missing"), [], {})).message).toBe(`execute ${folder}/missing: ENOENT`);
  expect(failure(() => mountFlags(join(folder, "missing"))).errno).toBe("ENOENT");
  const socket = join(folder, "missing");
  expect(failure(() => sendDatagram(socket, "READY=1")).message).toBe(`notify ${socket}: ENOENT`);
  expect(failure(() => sendBarrier(socket, "BARRIER=1", 10)).message).toBe(`notify ${socket}: ENOENT`);
});

test("the error's name is that of the call, also when its symbol was not yet known", () => {
  const script = `
    import { setns } from ${JSON.stringify(join(import.meta.dir, "../../src/system/namespaces.ts"))};
    try { setns(1_000_000, 0); } catch (error) { process.stdout.write(error.errno); }`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { stderr: "inherit" });
  expect(stdout.toString()).toBe("EBADF");
});

test("a NUL byte never reaches the kernel, which would see a shorter name", () => {
  for (const work of [
    () => cString("/etc\0/x"),
    () => mount("none", "/tmp\0x", "tmpfs", 0),
    () => execve("/bin/true\0x", [], {}),
    () => execve("/bin/true", ["true", "a\0b"], {}),
  ])
    expect(failure(work).code).toBe("bad-name");
  expect(cString("ä")).toEqual(Buffer.from([0xc3, 0xa4, 0]));
});

test("a symbol is looked up once", () => {
  expect(libc("flock")).toBe(libc("flock"));
  expect(libc("mknod")(ptr(cString(join(folder, "missing", "x"))), 0o010600, 0n)).toBe(-1);
});

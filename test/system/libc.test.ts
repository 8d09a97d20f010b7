import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sendBarrier, sendDatagram } from "../../src/system/datagram.ts";
import { errnoName, SystemError } from "../../src/system/error.ts";
import { execve } from "../../src/system/exec.ts";
import { makeNode, readAttributes, setAttribute, setTimes } from "../../src/system/file-attributes.ts";
import { cString, libc, ptr } from "../../src/system/libc.ts";
import { mount, mountFlags } from "../../src/system/mount.ts";
import { setns } from "../../src/system/namespaces.ts";
import { openInRoot } from "../../src/system/open-in-root.ts";
import { tryBind } from "../../src/system/port-binding.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "libc-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function failure(work: () => unknown): SystemError {
  try {
    work();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

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

test("openInRoot stays in the root, whatever links say", () => {
  const root = join(folder, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/passwd"), "inside");
  symlinkSync("/etc/passwd", join(root, "absolute"));
  symlinkSync("../../../../etc/passwd", join(root, "etc/up"));
  symlinkSync("loop", join(root, "loop"));
  const dir = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  for (const path of ["/etc/passwd", "absolute", "etc/up", "../../etc/passwd"]) {
    const fd = openInRoot(dir, path, constants.O_RDONLY);
    expect(fd === undefined ? "" : readFileSync(fd, "utf8")).toBe("inside");
    if (fd !== undefined) closeSync(fd);
  }
  for (const path of ["missing", "etc/passwd/x", "loop"])
    expect(openInRoot(dir, path, constants.O_RDONLY)).toBeUndefined();
  expect(failure(() => openInRoot(dir, "etc", constants.O_WRONLY)).errno).toBe("EISDIR");
  closeSync(dir);
});

test("a file's attributes and times are exact, and a link is never followed", () => {
  const file = join(folder, "file");
  const link = join(folder, "link");
  writeFileSync(file, "");
  symlinkSync("nowhere", link);
  setTimes(Buffer.from(link), { seconds: -1n, nanoseconds: 999_999_999 });
  expect(lstatSync(link, { bigint: true }).mtimeNs).toBe(-1n);
  setAttribute(Buffer.from(file), "user.berth", Buffer.from([0, 255]));
  setAttribute(Buffer.from(file), "user.empty", Buffer.alloc(0));
  const attributes = readAttributes(Buffer.from(file));
  expect(attributes.get("user.berth")).toEqual(Buffer.from([0, 255]));
  expect(attributes.get("user.empty")).toEqual(Buffer.alloc(0));
  const refused = failure(() => setAttribute(Buffer.from(join(folder, "missing")), "user.x", Buffer.alloc(1)));
  expect(refused.message).toBe(`ENOENT: no such file or directory, lsetxattr user.x '${folder}/missing'`);
  makeNode(Buffer.from(join(folder, "fifo")), 0o010600, 0, 0);
  expect(lstatSync(join(folder, "fifo")).isFIFO()).toBe(true);
  expect(failure(() => makeNode(Buffer.from(file), 0o010600, 0, 0)).errno).toBe("EEXIST");
});

test("a port that a socket has is taken, and free afterwards", () => {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  expect(tryBind("tcp", "127.0.0.1", server.port)).toBe("EADDRINUSE");
  expect(tryBind("udp", "127.0.0.1", server.port)).toBeUndefined();
  server.stop(true);
  expect(tryBind("tcp", "192.0.2.1", server.port)).toBe("EADDRNOTAVAIL");
  expect(tryBind("tcp", "no address", server.port)).toBe("EINVAL");
});

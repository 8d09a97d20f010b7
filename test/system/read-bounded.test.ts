import { afterEach, beforeEach, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBounded } from "../../src/system/read-bounded.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-read-"));
});
afterEach(() => rmSync(top, { recursive: true }));

test("a regular file is read up to the limit", () => {
  const path = join(top, "file");
  writeFileSync(path, "twelve bytes");
  expect(readBounded(path, 12)?.toString()).toBe("twelve bytes");
  expect(() => readBounded(path, 11)).toThrow(`${path} is longer than 11 bytes`);
  writeFileSync(path, "");
  expect(readBounded(path, 0)?.length).toBe(0);
  truncateSync(path, 3 * 1024 ** 3);
  expect(() => readBounded(path, 1024)).toThrow("longer");
  symlinkSync(path, join(top, "link"));
  expect(() => readBounded(join(top, "link"), 1024)).toThrow("longer");
  expect(() => readBounded(join(top, "missing"), 1024)).toThrow("ENOENT");
});

test("what is no file, or is made by the kernel as it is read, is not waited for", () => {
  execFileSync("mkfifo", [join(top, "fifo")]);
  symlinkSync("/proc/kmsg", join(top, "kmsg"));
  for (const path of [
    join(top, "fifo"),
    join(top, "kmsg"),
    top,
    "/dev/zero",
    "/dev/null",
    "/proc/self/status",
    "/sys/kernel/uevent_seqnum",
  ])
    expect(readBounded(path, 1024), path).toBeUndefined();
});

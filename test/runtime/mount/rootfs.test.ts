import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkLocaltime, linkMtab } from "../../../src/runtime/mount/rootfs.ts";

let top: string;
const file = (path: string) => join(top, path);
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-rootfs-"));
  mkdirSync(file("root"));
});
afterEach(() => rmSync(top, { recursive: true }));

test("/etc/mtab is the kernel's list, unless the image has one", () => {
  mkdirSync(file("root/etc"));
  linkMtab(file("root"));
  expect(readlinkSync(file("root/etc/mtab"))).toBe("/proc/mounts");
  linkMtab(file("root"));
  rmSync(file("root/etc/mtab"));
  writeFileSync(file("root/etc/mtab"), "the image's");
  linkMtab(file("root"));
  expect(Bun.file(file("root/etc/mtab")).size).toBe("the image's".length);
});

test("/etc/mtab is not made where there is no /etc, nor outside", () => {
  linkMtab(file("root"));
  expect(existsSync(file("root/etc"))).toBe(false);
  mkdirSync(file("etc"));
  symlinkSync("../etc", file("root/etc"));
  linkMtab(file("root"));
  expect(existsSync(file("etc/mtab"))).toBe(false);
});

test("a link at /etc/localtime leads to the zone, if the image has that", () => {
  mkdirSync(file("root/etc"));
  mkdirSync(file("root/usr/share/zoneinfo/Europe"), { recursive: true });
  for (const zone of ["UTC", "Europe/Berlin"]) writeFileSync(file(`root/usr/share/zoneinfo/${zone}`), zone);
  const link = file("root/etc/localtime");
  expect(linkLocaltime(file("root"), "Europe/Berlin")).toBe(false);
  symlinkSync("/usr/share/zoneinfo/UTC", link);
  expect(linkLocaltime(file("root"), "Europe/Berlin")).toBe(true);
  expect(readlinkSync(link)).toBe("../usr/share/zoneinfo/Europe/Berlin");
  for (const zone of ["Asia/Tokyo", undefined]) {
    rmSync(link, { force: true });
    symlinkSync("/usr/share/zoneinfo/UTC", link);
    // What is mounted there must not come to lie on another zone's file.
    expect(linkLocaltime(file("root"), zone)).toBe(false);
    expect(existsSync(link)).toBe(false);
  }
  writeFileSync(link, "the image's");
  expect(linkLocaltime(file("root"), "Europe/Berlin")).toBe(false);
  expect(Bun.file(link).size).toBe("the image's".length);
});

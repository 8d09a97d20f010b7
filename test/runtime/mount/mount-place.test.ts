import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKernelPlace } from "../../../src/options/values/mount/kernel-place.ts";
import { checkImagePlaces, checkMountPlaces, mountPlace } from "../../../src/runtime/mount/mount-place.ts";
import type { SpecMount } from "../../../src/runtime/spec/runtime-spec.ts";

let top: string;
const rootfs = () => join(top, "rootfs");
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-place-"));
  for (const dir of ["rootfs/dev", "rootfs/proc", "rootfs/usr/lib", "rootfs/srv", "volume"])
    mkdirSync(join(top, dir), { recursive: true });
});
afterEach(() => rmSync(top, { recursive: true }));

const link = (target: string, path: string) => symlinkSync(target, join(top, path));
const place = (destination: string, before: readonly SpecMount[] = []) => mountPlace(rootfs(), destination, before);
const bind = (source: string, destination: string): SpecMount => ({ type: "bind", source, destination, options: [] });
const volume = (destination: string) => bind(join(top, "volume"), destination);
const check = (...mounts: readonly SpecMount[]) => checkMountPlaces(rootfs(), mounts);

test("links of the image are followed inside of it, to places that are not there as well", () => {
  expect(place("/srv/data")).toBe("/srv/data");
  expect(place("/not/there/yet")).toBe("/not/there/yet");
  link("usr/lib", "rootfs/lib");
  link("../../../../../../dev", "rootfs/srv/up");
  link("/dev/null", "rootfs/srv/null");
  link("/lib/deep", "rootfs/srv/chain");
  link("chain/more", "rootfs/srv/relative");
  expect(place("/lib/x")).toBe("/usr/lib/x");
  expect(place("/srv/up/x")).toBe("/dev/x");
  expect(place("/srv/null")).toBe("/dev/null");
  expect(place("/srv/relative")).toBe("/usr/lib/deep/more");
  expect(place("/srv/../dev/./pts/")).toBe("/dev/pts");
  link("/srv/loop", "rootfs/srv/loop");
  expect(() => place("/srv/loop/x")).toThrow("too many links");
});

test("a link in a volume below which something else is to be mounted is refused", () => {
  link("/dev", "volume/x");
  expect(() => place("/data/x", [volume("/data")])).toThrow("/data/x is a link in what is mounted on /data");
  expect(() => check(volume("/data"), volume("/data/x"))).toThrow("is a link");
  expect(place("/database/x", [volume("/data")])).toBe("/database/x");
  expect(place("/data/y", [volume("/data")])).toBe("/data/y");
});

test("nothing of an image or a volume stands where the OCI runtime mounts and masks", () => {
  link("/dev", "rootfs/srv/dev");
  link("/dev/null", "rootfs/srv/null");
  link("/proc", "rootfs/srv/proc");
  const reserved = ["/dev", "/dev/", "/dev/null", "/dev/console", "/dev/pts", "/dev/ptmx", "/dev/tty", "/proc", "/sys"];
  for (const destination of [...reserved, "/srv/dev", "/srv/null", "/srv/proc", "/srv/dev/zero"]) {
    expect(() => check(volume(destination)), destination).toThrow("nothing but the host's own");
    const tmpfs = { ...volume(destination), type: "tmpfs", source: "tmpfs" };
    expect(() => check(tmpfs), destination).toThrow("nothing but the host's own");
  }
  writeFileSync(join(top, "null"), "");
  expect(() => check(bind(join(top, "null"), "/dev/null"))).toThrow();
  expect(() => check(bind("/dev/zero", "/dev/null"))).toThrow();
  expect(() => check(bind(join(top, "missing"), "/dev/null"))).toThrow();
});

test("the host's own may be mounted on itself, and anything beside it", () => {
  for (const path of ["/dev", "/sys", "/proc", "/dev/null"]) check(bind(path, path));
  check(bind("/dev/urandom", "/dev/random"));
  check({ type: "devpts", source: "devpts", destination: "/dev/pts", options: [] });
  for (const destination of ["/dev/shm", "/dev/log", "/dev/dri", "/dev/net/tun", "/sys/fs/cgroup", "/devel", "/data"])
    check(volume(destination));
});

test("an image's own volumes at such places are left out", () => {
  for (const path of ["/dev", "/dev/shm", "/proc/self", "/sys/fs/cgroup"]) expect(isKernelPlace(path), path).toBe(true);
  for (const path of ["/", "/devel", "/system", "/srv/dev"]) expect(isKernelPlace(path), path).toBe(false);
});

test.each(["dev", "proc", "sys"])("an image whose /%s is a link or a file is refused", (name) => {
  checkImagePlaces(rootfs(), "/");
  checkImagePlaces(rootfs(), "");
  expect(() => checkImagePlaces(rootfs(), "srv")).toThrow('working directory "srv" is not an absolute path');
  expect(() => checkImagePlaces(rootfs(), "proc/self/")).toThrow("is not an absolute path");
  rmSync(join(rootfs(), name), { recursive: true, force: true });
  checkImagePlaces(rootfs(), "/");
  link("/srv", `rootfs/${name}`);
  expect(() => checkImagePlaces(rootfs(), "/")).toThrow(`/${name} is no folder in the image`);
  rmSync(join(rootfs(), name));
  writeFileSync(join(rootfs(), name), "");
  expect(() => checkImagePlaces(rootfs(), "/")).toThrow(`/${name} is no folder in the image`);
});

test("a working directory among the open files of a process is refused, by whatever way it leads there", () => {
  link("/proc/self/fd", "rootfs/srv/fd");
  link("fd/8", "rootfs/srv/eight");
  for (const path of ["/proc/self/fd/7", "/proc/1/fd/7", "/proc/thread-self/cwd", "/srv/fd/7", "/srv/eight/../.."])
    expect(() => checkImagePlaces(rootfs(), path), path).toThrow("is a process's own");
  for (const path of ["", "/", "/proc", "/proc/sys", "/srv", "/not/there"]) checkImagePlaces(rootfs(), path);
});

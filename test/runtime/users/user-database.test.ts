import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkUserDatabase,
  extendUserDatabase,
  mountedUserDatabase,
  readUserDatabase,
} from "../../../src/runtime/users/user-database.ts";

let top: string;
const file = (path: string) => join(top, path);
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-users-"));
  mkdirSync(file("root/etc"), { recursive: true });
});
afterEach(() => rmSync(top, { recursive: true }));

test("reads and extends the files that there are", () => {
  writeFileSync(file("root/etc/passwd"), "root:x:0:0::/:\nlast:x:1:1::/:");
  const before = readUserDatabase(file("root"));
  expect(before).toEqual({ passwd: "root:x:0:0::/:\nlast:x:1:1::/:", group: "" });
  extendUserDatabase(file("root"), before, { passwd: "new:x:2:2::/:\n", group: "new:x:2:\n" });
  expect(readUserDatabase(file("root"))).toEqual({
    passwd: "root:x:0:0::/:\nlast:x:1:1::/:\nnew:x:2:2::/:\n",
    group: "",
  });
});

test("follows links inside the root file system only", () => {
  writeFileSync(file("passwd"), "outside");
  writeFileSync(file("root/passwd"), "inside\n");
  symlinkSync("/../../passwd", file("root/etc/passwd"));
  const before = readUserDatabase(file("root"));
  expect(before.passwd).toBe("inside\n");
  extendUserDatabase(file("root"), before, { passwd: "new\n", group: "" });
  expect(readFileSync(file("root/passwd"), "utf8")).toBe("inside\nnew\n");
  expect(readFileSync(file("passwd"), "utf8")).toBe("outside");
});

test.each([
  ["a folder", () => mkdirSync(file("root/etc/passwd")), "/etc/passwd in the container is no file"],
  [
    "a fifo behind a link",
    () => {
      Bun.spawnSync(["mkfifo", file("root/fifo")]);
      symlinkSync("/fifo", file("root/etc/group"));
    },
    "/etc/group in the container is no file",
  ],
  [
    "a device that is still to come",
    () => {
      symlinkSync("../zeros", file("root/etc/group"));
      symlinkSync("../../dev/zero", file("root/zeros"));
    },
    "/etc/group in the container is no file, but a link to /dev/zero",
  ],
  ["the kernel's log", () => symlinkSync("/proc/kmsg", file("root/etc/passwd")), "but a link to /proc/kmsg"],
  ["a loop", () => symlinkSync("passwd", file("root/etc/passwd")), "/etc/passwd: too many links in the image"],
])("%s in their place is refused, unless something is mounted there", (_, make, why) => {
  make();
  expect(() => checkUserDatabase(file("root"), {})).toThrow(why);
  checkUserDatabase(file("root"), { passwd: "", group: "" });
});

test("files, links to files, and none at all are no fault", () => {
  checkUserDatabase(file("root"), {});
  writeFileSync(file("root/passwd"), "root:x:0:0::/:\n");
  symlinkSync("/passwd", file("root/etc/passwd"));
  symlinkSync("/nowhere", file("root/etc/group"));
  checkUserDatabase(file("root"), {});
});

test("knows what a mount puts in its place", () => {
  mkdirSync(file("etc"));
  writeFileSync(file("etc/passwd"), "from the folder");
  symlinkSync("/group", file("etc/group"));
  writeFileSync(file("one"), "from the file");
  const mount = (source: string, target: string) => ({ type: "bind" as const, source, target, options: [] });
  expect(mountedUserDatabase([])).toEqual({});
  expect(mountedUserDatabase([mount(file("etc"), "/etc")])).toEqual({ passwd: "from the folder", group: "" });
  expect(mountedUserDatabase([mount(file("one"), "/etc/passwd"), mount(file("etc"), "/etc")])).toEqual({
    passwd: "from the file",
    group: "",
  });
  expect(mountedUserDatabase([mount(file("missing"), "/etc/group")])).toEqual({});
});

test("leaves alone what is no file", () => {
  Bun.spawnSync(["mkfifo", file("root/etc/passwd")]);
  mkdirSync(file("root/etc/group"));
  const before = readUserDatabase(file("root"));
  expect(before).toEqual({ passwd: "", group: "" });
  extendUserDatabase(file("root"), before, { passwd: "new\n", group: "" });
});

(process.getuid?.() === 0 ? test : test.skip)("does not open a device", () => {
  // There is no driver behind this one, so opening it would fail; behind others there is a watchdog that resets the
  // machine.
  expect(Bun.spawnSync(["mknod", file("root/etc/passwd"), "c", "240", "255"]).exitCode).toBe(0);
  expect(readUserDatabase(file("root"))).toEqual({ passwd: "", group: "" });
});

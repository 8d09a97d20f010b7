import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoOverlay } from "../../../src/runtime/mount/overlay-refusal.ts";

const root = process.getuid?.() === 0;
if (!root) console.warn("test/runtime/mount/overlay.test.ts: skipped in part, run as root");

const MODULE = JSON.stringify(join(import.meta.dir, "../../../src/runtime/mount/overlay.ts"));

/** What the kernel refuses, in a mount namespace with two file systems; the last line is the error. */
function refused(overlay: object): string {
  const script = `
    const { mountOverlay } = await import(${MODULE});
    const { mkdirSync, writeFileSync } = await import("node:fs");
    process.chdir("/mnt");
    for (const path of ["lower", "upper/below", "work", "target", "other"]) mkdirSync(path, { recursive: true });
    writeFileSync("file", "");
    try { mountOverlay(${JSON.stringify(overlay)}); console.log("mounted"); }
    catch (error) { console.log(error.message); }`;
  const mounts = 'mount -t tmpfs none /mnt && mkdir /mnt/other && mount -t tmpfs none /mnt/other && exec "$0" -e "$1"';
  const { stdout } = Bun.spawnSync(["unshare", "--mount", "sh", "-c", mounts, process.execPath, script]);
  return stdout.toString().trim();
}

test.skipIf(!root).each([
  ["/mnt/nosuch", "/mnt/upper", "/mnt/work", "overlay: /mnt/nosuch is not there"],
  ["/mnt/file", "/mnt/upper", "/mnt/work", "overlay: /mnt/file is no folder"],
  [
    "/mnt/lower",
    "/mnt/upper",
    "/mnt/other",
    "overlay: upper layer /mnt/upper and work folder /mnt/other are on different",
  ],
  [
    "/mnt/lower",
    "/mnt/upper",
    "/mnt/upper/below",
    "overlay: upper layer /mnt/upper and work folder /mnt/upper/below overlap",
  ],
])("an overlay of %s below %s, %s says why it cannot be", (lower, dir, work, why) => {
  const message = refused({
    target: "/mnt/target",
    links: "/mnt/links",
    inUserNamespace: false,
    lower: [lower],
    upper: { dir, work, volatile: false },
  });
  expect(message).toContain(why);
});

test.skipIf(!root)("a path that is too long, and a missing file system, are told", () => {
  const script = `
    const { mount } = await import(${JSON.stringify(join(import.meta.dir, "../../../src/system/mount.ts"))});
    for (const [path, type] of [["/" + "n".repeat(300), "tmpfs"], ["/tmp", "nosuchfs"]])
      try { mount("none", path, type, 0); } catch ({ message }) { console.log(message); }`;
  const { stdout } = Bun.spawnSync(["unshare", "--mount", process.execPath, "-e", script]);
  const [long = "", unknown = ""] = stdout.toString().split("\n");
  expect(long).toMatch(/^mount tmpfs on \/n+ \(a path or name in it is longer than the kernel takes.*: ENAMETOOLONG$/);
  expect(unknown).toMatch(/^mount nosuchfs on \/tmp \(this kernel has no such file system.*: ENODEV$/);
});

test("a folder below its own upper layer is named", () => {
  const top = mkdtempSync(join(tmpdir(), "berth-overlay-"));
  try {
    for (const name of ["upper/lower", "work"]) mkdirSync(join(top, name), { recursive: true });
    writeFileSync(join(top, "file"), "");
    const lower = [join(top, "upper/lower")];
    const upper = { dir: join(top, "upper"), work: join(top, "work"), volatile: false };
    expect(whyNoOverlay({ lower, upper })).toContain(`${lower[0]} below it and its upper layer`);
    expect(whyNoOverlay({ lower: [join(top, "work")] })).toBeUndefined();
  } finally {
    rmSync(top, { recursive: true });
  }
});

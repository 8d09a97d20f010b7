import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detachBelow, isMountPoint, mountsBelow } from "../../src/system/mount-table.ts";

const root = process.getuid?.() === 0;
const room = (name: string) => JSON.stringify(join(import.meta.dir, `../../src/system/${name}.ts`));

let folder = "";
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "mount-table-")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a script says that runs in a mount namespace of its own, with `folder` as its last argument. */
function inMountNamespace(script: string): unknown {
  const before = `
    import { MS_NOSUID, MS_PRIVATE, MS_REC, mount, mountFlags } from ${room("mount")};
    import { detachBelow, isMountPoint, mountsBelow } from ${room("mount-table")};
    import { attachFrom, attachRootOf, makeMemoryNamespace } from ${room("mount-tree")};
    import { CLONE_FS, CLONE_NEWNS, unshare } from ${room("namespaces")};
    import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
    const folder = process.argv.at(-1);
    unshare(CLONE_NEWNS);
    mount("none", "/", "", MS_REC | MS_PRIVATE);
    const say = (value) => process.stdout.write(JSON.stringify(value));`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", before + script, folder], { stderr: "inherit" });
  return JSON.parse(stdout.toString());
}

test("a folder is a mount point only if something is mounted on itself", () => {
  expect(isMountPoint("/proc")).toBe(true);
  expect(mountsBelow("/proc")[0]).toBe("/proc");
  expect(isMountPoint(folder)).toBe(false);
  symlinkSync("/proc", join(folder, "to-proc"));
  expect(isMountPoint(join(folder, "to-proc"))).toBe(true);
  expect(isMountPoint(join(folder, "missing"))).toBe(false);
  expect(detachBelow(folder)).toBeUndefined();
});

test.skipIf(!root)("everything below a folder is unmounted, whatever its name and depth", () => {
  mkdirSync(join(folder, "a"));
  mkdirSync(join(folder, "ab"));
  writeFileSync(join(folder, "a", "kept"), "");
  const said = inMountNamespace(`
    const [a, beside] = [folder + "/a", folder + "/ab"];
    for (const path of [a, a, beside]) mount("berth", path, "tmpfs", MS_NOSUID);
    const odd = a + "/b c\\n\\\\d";
    mkdirSync(odd);
    mount("berth", odd, "tmpfs", 0);
    const before = mountsBelow(a);
    const flags = mountFlags(a);
    detachBelow(a);
    say({ before, flags, after: [mountsBelow(a), isMountPoint(beside)] });`);
  const a = join(folder, "a");
  expect(said).toEqual({ before: [a, a, `${a}/b c\n\\d`], flags: ["nosuid"], after: [[], true] });
  expect(readdirSync(a)).toEqual(["kept"]);
});

test.skipIf(!root)("what is mounted in another namespace can be mounted here", () => {
  mkdirSync(join(folder, "scratch"));
  mkdirSync(join(folder, "target"));
  const said = inMountNamespace(`
    const memory = makeMemoryNamespace(folder + "/scratch", "size=64k,mode=1777");
    const target = folder + "/target";
    attachRootOf(memory, target);
    writeFileSync(target + "/file", "in memory");
    detachBelow(target);
    attachFrom(memory, "/", target);
    let refused;
    try { attachFrom(memory, "/none", target); } catch (error) { refused = [error.code, error.message]; }
    say({ text: readFileSync(target + "/file", "utf8"), scratch: isMountPoint(folder + "/scratch"), refused });`);
  expect(said).toEqual({
    text: "in memory",
    scratch: false,
    refused: ["syscall", "open_tree /none: ENOENT"],
  });
});

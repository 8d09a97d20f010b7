import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs in a process of its own, so that what it mounts is in a mount namespace of its own. */
const SCRIPT = `
  import { statSync, writeFileSync } from "node:fs";
  import { mountShifted } from ${JSON.stringify(join(import.meta.dir, "../../src/system/idmapped-mount.ts"))};
  import { leaveHostMounts } from ${JSON.stringify(join(import.meta.dir, "../../src/runtime/mount/rootfs.ts"))};
  import { makeUserNamespace } from ${JSON.stringify(join(import.meta.dir, "../../src/runtime/user-namespace/make-namespace.ts"))};
  const [source, target] = process.argv.slice(-2);
  leaveHostMounts();
  const map = [{ inside: 0, outside: 200000, size: 1000 }, { inside: 5000, outside: 7, size: 1 }];
  const namespace = makeUserNamespace({ uids: map, gids: map });
  const mounted = mountShifted(source, target, namespace.fd);
  const owners = ["zero", "last", "beyond", "five-thousand"].map((name) => statSync(target + "/" + name).uid);
  let refused = "";
  try { mountShifted(source + "/none", target, namespace.fd); } catch (error) { refused = error.message; }
  process.stdout.write(JSON.stringify({ mounted, owners, refused }));
`;

let folder = "";
const root = process.getuid?.() === 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "idmapped-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!root)(
  "the owners of files are shifted by a namespace's maps, and the files stay as they are",
  async () => {
    const [source, target] = [join(folder, "source"), join(folder, "target")];
    mkdirSync(source);
    mkdirSync(target);
    for (const [name, uid] of Object.entries({ zero: 0, last: 999, beyond: 1000, "five-thousand": 5000 })) {
      writeFileSync(join(source, name), "");
      await Bun.$`chown ${uid}:${uid} ${join(source, name)}`;
    }
    const child = Bun.spawnSync([process.execPath, "-e", SCRIPT, source, target], { stderr: "inherit" });
    expect(JSON.parse(child.stdout.toString())).toEqual({
      mounted: true,
      owners: [200000, 200999, 65534, 7],
      refused: `clone the mount of ${source}/none: ENOENT`,
    });
    expect(statSync(join(source, "last")).uid).toBe(999);
  },
);

import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFolder, runHere } from "../host/root.ts";

/** The last commit whose records have no version. */
const OLD_COMMIT = "7a44d17";

/**
 * An executable of an older version: `BERTH_OLD` names one, or `BERTH_OLD_COMMIT` the commit that it is built from. It
 * is built once and kept.
 */
export async function oldBerth(): Promise<string> {
  const { BERTH_OLD: given, BERTH_OLD_COMMIT: named } = process.env;
  if (given) return given;
  // Another user's repository, where this runs by sudo.
  const git = ["git", "-c", "safe.directory=*", "-C", join(import.meta.dir, "../..")];
  const commit = (await runHere([...git, "rev-parse", "--verify", `${named || OLD_COMMIT}^{commit}`])).trim();
  const folder = await cachedFolder("old-berth", `build-${commit}`, async (at) => {
    process.stderr.write(`building berth as of ${commit} (once) …\n`);
    const work = await mkdtemp(join(tmpdir(), "berth-old-"));
    try {
      const tree = join(work, "tree");
      await mkdir(tree);
      await runHere([...git, "archive", "--output", join(work, "tree.tar"), commit]);
      await runHere(["tar", "--extract", "--file", join(work, "tree.tar"), "--directory", tree]);
      await runHere(["sh", "-euc", 'cd "$1"; npm ci --no-audit --no-fund; npm run build', "sh", tree]);
      await mkdir(at);
      await copyFile(join(tree, "dist/berth"), join(at, "berth"));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return join(folder, "berth");
}

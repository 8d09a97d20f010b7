import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { failedWith } from "../../error.ts";
import type { ContainerUse } from "../../state/image-use.ts";
import { withStateLock } from "../../state/lock.ts";
import { parseDiffId } from "../document/digest.ts";
import { LayerStore } from "../layer/layer-store.ts";
import { readIndexFile, writeIndexFile } from "./index-file.ts";
import type { StorePaths } from "./layout.ts";
import { readOrRescueIndex, rescueIndex } from "./rescue-index.ts";
import { damagedBlobs } from "./verify.ts";

/**
 * Takes damaged blobs and layers out of the store, and makes a damaged index.json anew. Nothing is lost by that: a pull
 * brings a blob back, and a start unpacks a layer from its blob. Layers of containers stay. Returns what was done, one
 * sentence each. Throws ImageError `store-io`.
 */
export async function repairStore(
  stateDir: string,
  paths: StorePaths,
  uses: () => readonly ContainerUse[],
): Promise<string[]> {
  // Reading takes its time, and needs no lock: what is published never changes.
  const blobs = await damagedBlobs(paths);
  const store = new LayerStore(paths.layers);
  const layers = await store.verify();
  const bin = join(paths.work, `trash-${process.pid}-${crypto.randomUUID()}`);
  const done: string[] = [];
  const discard = (path: string, name: string, sentence: string): void => {
    if (!existsSync(path)) return;
    mkdirSync(bin, { recursive: true, mode: 0o700 });
    renameSync(path, join(bin, name));
    done.push(sentence);
  };
  withStateLock(stateDir, "exclusive", () => {
    if (repairIndex(paths)) done.push("index.json: made anew; the damaged one is index.json.damaged");
    const mounted = uses().map((use) => use.layers.map(parseDiffId));
    for (const { name } of blobs)
      discard(join(paths.blobs, name), name, `blob sha256:${name}: removed; pull its image again`);
    const left = store.removeDamaged(layers, mounted, (path) =>
      discard(path, `layer ${basename(path)}`, `layer ${basename(path)}: removed; the next start unpacks it again`),
    );
    done.push(...left.map((name) => `layer ${name}: left, since a container has it mounted`));
  });
  rmSync(bin, { recursive: true, force: true });
  return done;
}

/** Returns whether there was something to repair. */
function repairIndex(paths: StorePaths): boolean {
  try {
    const index = readIndexFile(paths.index);
    if (index.damaged.length === 0) return false;
    writeIndexFile(paths.index, rescueIndex(paths, index));
  } catch (error) {
    if (!failedWith(error, "store-corrupt")) throw error;
    writeIndexFile(paths.index, readOrRescueIndex(paths));
  }
  return true;
}

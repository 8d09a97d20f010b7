import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeTree } from "../../system/remove-tree.ts";
import { DERIVED } from "./directory.ts";

/**
 * Another form of a layer that {@link LayerStore.lower} has given: made by `make` at the first use, kept beside the
 * layer, and gone when the layer goes. `make` gets a path that does not exist, and has to have written everything to
 * the disk when it returns: what has its name is complete, also after a power cut. Several processes may make the same
 * at once. Returns its path.
 */
export function derivedLayer(lower: string, name: string, make: (unfinished: string) => void): string {
  const folder = join(dirname(lower), DERIVED);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}.new`;
  removeTree(unfinished);
  make(unfinished);
  try {
    renameSync(unfinished, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
    removeTree(unfinished);
  }
  return path;
}

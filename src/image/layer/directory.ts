import { existsSync } from "node:fs";
import { join } from "node:path";
import { chainIds, type DiffId, digestHex } from "../document/digest.ts";
import { ImageError } from "../error.ts";

/** The unpacked tree in a layer's directory; beside it lies the layer's record. */
export const TREE = "tree";
export const RECORD = "layer.json";

/**
 * What each layer's directory may be called, best first. Nearly every layer is the same whatever it lies on and is
 * named for its diffID. One that had to look at the layers below (for a hard link to a lower file, or for a parent
 * directory that the archive leaves out) belongs to that chain alone and is named for its chainID.
 */
export function layerNames(layers: readonly DiffId[]): [own: string, chained: string][] {
  const chain = chainIds(layers);
  return layers.map((diffId, at) => [digestHex(diffId), `chain-${digestHex(chain[at] ?? diffId)}`]);
}

/** The directory of each layer of a chain; undefined where the layer is not complete in the store. */
export function presentLayers(layersDir: string, layers: readonly DiffId[]): (string | undefined)[] {
  return layerNames(layers).map((names) => names.map((name) => join(layersDir, name)).find((dir) => existsSync(dir)));
}

/**
 * The directories to mount as an overlay's lower layers, absolute, lowest first (while overlay's `lowerdir=` wants the
 * highest first). One that an image has more than once (an empty layer, mostly) is there only where it is highest: it
 * hides all that it shows further down, and the kernel refuses an overlay of overlapping layers. Throws ImageError
 * `store-corrupt` when one is missing.
 */
export function lowerDirectories(stateDir: string, layers: readonly DiffId[]): string[] {
  const directories = presentLayers(join(stateDir, "layers"), layers).map((dir, at) => {
    if (dir !== undefined) return join(dir, TREE);
    throw new ImageError("store-corrupt", `layer ${layers[at]} is not in the store`);
  });
  return directories.filter((dir, at) => directories.lastIndexOf(dir) === at);
}

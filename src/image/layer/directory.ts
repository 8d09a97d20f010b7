import { existsSync } from "node:fs";
import { join } from "node:path";
import { chainIds, type DiffId, digestHex } from "../digest.ts";
import { ImageError } from "../error.ts";

/** The unpacked tree in a layer's directory; beside it lies the layer's record. */
export const TREE = "tree";
export const RECORD = "layer.json";

/**
 * Where a layer may be, best first. Nearly every layer is the same whatever it lies on and is named for its diffID.
 * One that had to copy something from the layers below (a hard link to a lower file, a parent directory that the
 * archive leaves out) belongs to that chain alone and is named for its chainID.
 */
export function layerCandidates(layersDir: string, diffId: DiffId, chainId: DiffId): [own: string, chained: string] {
  return [join(layersDir, digestHex(diffId)), join(layersDir, `chain-${digestHex(chainId)}`)];
}

/** The directories of a chain of layers, each undefined while its layer is not complete in the store. */
export function presentLayers(layersDir: string, layers: readonly DiffId[]): (string | undefined)[] {
  const chain = chainIds(layers);
  return layers.map((diffId, at) =>
    layerCandidates(layersDir, diffId, chain[at] ?? diffId).find((dir) => existsSync(dir)),
  );
}

/**
 * The directories to mount as an overlay's lower layers, absolute, in the order of `layers` (lowest first, while
 * overlay's `lowerdir=` wants the highest first). Throws ImageError `store-corrupt` when one is missing.
 */
export function lowerDirectories(stateDir: string, layers: readonly DiffId[]): string[] {
  return presentLayers(join(stateDir, "layers"), layers).map((dir, at) => {
    if (dir !== undefined) return join(dir, TREE);
    throw new ImageError("store-corrupt", `layer ${layers[at]} is not in the store`);
  });
}

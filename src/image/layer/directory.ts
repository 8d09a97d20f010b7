import { existsSync } from "node:fs";
import { join } from "node:path";
import { chainIds, type DiffId, digestHex } from "../document/digest.ts";

/** The unpacked tree in a layer's directory; beside it lies the layer's record. */
export const TREE = "tree";
export const RECORD = "layer.json";
/** Forms of the tree for other owners, which go when the layer goes. */
export const DERIVED = "shifted";

/**
 * The names that each layer's directory may have, best first. Nearly every layer is the same whatever it lies on and is
 * named for its diffID. One that had to look at the layers below (for a hard link to a lower file, or for a parent
 * directory that the archive leaves out) belongs to that chain alone and is named for its chainID.
 */
export function layerNames(chain: readonly DiffId[]): [own: string, chained: string][] {
  const ids = chainIds(chain);
  return chain.map((diffId, at) => namesOf(diffId, ids[at] ?? diffId));
}

/** The two names under which a directory may stand for the id, which is a diffID or a chainID. */
export function namesOf(diffId: DiffId, chainId: DiffId): [own: string, chained: string] {
  return [digestHex(diffId), `chain-${digestHex(chainId)}`];
}

/** The directory of each layer of a chain; undefined where the layer is not complete in the store. */
export function presentLayers(layersDir: string, chain: readonly DiffId[]): (string | undefined)[] {
  return layerNames(chain).map((names) => names.map((name) => join(layersDir, name)).find((dir) => existsSync(dir)));
}

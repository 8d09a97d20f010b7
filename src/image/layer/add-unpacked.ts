import { removeTree } from "../../system/remove-tree.ts";
import { publish } from "../publish.ts";
import type { LayerWriter } from "./layer-writer.ts";
import { LayerUnpack, type UnpackOptions } from "./unpack.ts";

/** The places of a layer: the second for one that belongs to its chain alone. */
export interface LayerPlaces {
  readonly own: string;
  readonly chained: string;
}

/** Takes a layer as a tree in a directory, which is private until it is complete. */
export function addUnpacked(options: UnpackOptions, { own, chained }: LayerPlaces): LayerWriter {
  const unpack = new LayerUnpack(options);
  return {
    write: (chunk) => unpack.write(chunk),
    finish: async () => {
      const { dependsOnLower } = await unpack.finish();
      publish(options.dir, dependsOnLower ? chained : own);
    },
    abort: () => {
      unpack.abort();
      removeTree(options.dir);
    },
  };
}

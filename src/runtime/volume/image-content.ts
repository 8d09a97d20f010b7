import { mkdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { openStore } from "../../image/store/store.ts";
import type { Scope } from "../../scope.ts";
import { detachMount } from "../../system/mount.ts";
import { RuntimeError } from "../error.ts";
import { mountLayersReadOnly } from "../mount/overlay.ts";
import { copyTree } from "./copy-tree.ts";

/**
 * Copies the content of an image of the store to the empty folder `data`. The caller has a mount namespace of its own.
 * A volume of the driver "image" is such a copy rather than an overlay: several containers may write to it at once, and
 * each would mount an overlay of its own; and the image can be removed. Throws "image-not-found", "volume".
 */
export function copyImage(scope: Scope, reference: string, data: string, inUserNamespace: boolean): void {
  const store = openStore(scope.stateDir);
  const image = store.resolve(reference);
  if (image === undefined)
    throw new RuntimeError("image-not-found", `image ${reference} is not in the store: pull it first`);
  const mounted = join(dirname(data), "image");
  mkdirSync(mounted);
  mountLayersReadOnly(mounted, join(dirname(data), "empty"), store.layers.lower(image.layers), inUserNamespace);
  try {
    copyTree(mounted, data, `copy image ${reference}`);
  } finally {
    detachMount(mounted);
    rmdirSync(mounted);
  }
  // No container holds the image meanwhile: a copy of layers that were being removed must not be kept.
  if (store.resolve(reference)?.configDigest !== image.configDigest)
    throw new RuntimeError("volume", `image ${reference} was removed while it was copied`);
}

import { parseManifest } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { LAYER_LIMITS } from "../layer/limits.ts";
import { copyImage } from "../transport/copy.ts";
import type { PullOptions } from "../transport/pull.ts";
import type { StoredImage } from "./store.ts";
import { openStoreDestination } from "./store-destination.ts";
import { storeSource } from "./store-source.ts";
import { recordUnpacked } from "./store-write.ts";

/**
 * Unpacks an image whose blobs another tool has put into the store, with the checks of a pull; its names stay as they
 * are. Layers that are unpacked already are compared with the blobs: the image may name those of another one, which its
 * author has no access to. Throws ImageError.
 */
export async function unpackImage(
  image: StoredImage,
  options: Pick<PullOptions, "store" | "limits" | "decryptionKeys" | "onProgress" | "signal">,
): Promise<void> {
  const { store, onProgress = () => {} } = options;
  const name = image.reference || image.configDigest;
  const source = storeSource(store.paths, { digest: image.manifestDigest, mediaType: undefined });
  const destination = openStoreDestination({
    store,
    references: "unchanged",
    limits: options.limits ?? LAYER_LIMITS,
    decryptionKeys: options.decryptionKeys ?? [],
    onProgress,
    signal: options.signal ?? new AbortController().signal,
  });
  try {
    const document = await source.manifest();
    const manifest = parseManifest(document.bytes);
    if (manifest.kind === "index") throw new ImageError("store-corrupt", `${image.manifestDigest} is an index`);
    await copyImage({ document, manifest, index: undefined }, source, destination, { name, onProgress });
    recordUnpacked(store.stateDir, store.paths, image);
  } catch (error) {
    throw withContext(`unpack ${name}`, error, "store-io");
  } finally {
    await destination.close();
  }
}

import type { KeyObject } from "node:crypto";
import { failedWith } from "../../error.ts";
import type { Platform } from "../document/manifest.ts";
import { platformOf } from "../document/platform.ts";
import { ImageError, type ImageErrorCode, reasonOf, withContext } from "../error.ts";
import { LAYER_LIMITS, type LayerLimits } from "../layer/limits.ts";
import { formatReference, parseReference } from "../reference.ts";
import type { Store, StoredImage } from "../store/store.ts";
import { openStoreDestination } from "../store/store-destination.ts";
import type { Trust } from "../trust/administrator.ts";
import { copyImage, findImage } from "./copy.ts";
import type { ImageSource } from "./image-source.ts";
import { openRegistrySource, type RegistryOptions } from "./registry-source.ts";

export interface PullOptions extends RegistryOptions {
  readonly store: Store;
  /** The platform whose image is taken from an index; default: this machine's. */
  readonly platform?: Platform;
  /** Private keys for encrypted images (`readPrivateKey`). */
  readonly decryptionKeys?: readonly KeyObject[];
  readonly signal?: AbortSignal;
  readonly limits?: LayerLimits;
  /** What the administrator allows; everything by default. */
  readonly trust?: Trust;
}

/**
 * Brings an image from a registry into the store and gives it its name. Nothing of an image can be seen in the
 * store before all of it is there and checked; whatever happens on the way, the store stays sound, and layers that
 * were complete are not fetched again. Throws ImageError.
 */
export async function pullImage(reference: string, options: PullOptions): Promise<StoredImage> {
  const name = formatReference(parseReference(reference));
  try {
    return await pullFrom(name, undefined, options);
  } catch (error) {
    throw withContext(`pull ${name}`, error, "store-io");
  }
}

/**
 * As pullImage, but keeps the image in the store when the registry has no other, or cannot be asked. Throws ImageError.
 */
export async function renewImage(local: StoredImage, reference: string, options: PullOptions): Promise<StoredImage> {
  // A short name may be that of an image from elsewhere, which is then the one to renew.
  const name = formatReference(parseReference(local.reference || reference));
  try {
    return await pullFrom(name, local, options);
  } catch (error) {
    if (!(error instanceof ImageError) || failedWith(error, ...OWN_FAILURES))
      throw withContext(`pull ${name}`, error, "store-io");
    // podman-pull(1): "Pull errors are suppressed if a local image was found."
    options.onProgress?.({ kind: "kept", reference: name, reason: reasonOf(error) });
    return local;
  }
}

/** Failures on this side, which no image in the store makes up for. */
const OWN_FAILURES: readonly ImageErrorCode[] = [
  ...(["cancelled", "bad-settings", "untrusted", "no-space", "store-corrupt", "store-io"] as const),
];

async function pullFrom(name: string, local: StoredImage | undefined, options: PullOptions): Promise<StoredImage> {
  const { store } = options;
  const onProgress = options.onProgress ?? (() => {});
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const destination = openStoreDestination({
    store,
    references: [name],
    limits: options.limits ?? LAYER_LIMITS,
    decryptionKeys: options.decryptionKeys ?? [],
    onProgress,
    signal,
  });
  let source: ImageSource | undefined;
  try {
    options.trust?.checkRegistry(parseReference(name));
    source = await openRegistrySource(name, options, signal);
    const image = await findImage(source, options.platform ?? platformOf(process.arch));
    if (local?.manifestDigest === image.document.digest) {
      onProgress({ kind: "kept", reference: name, reason: "the registry has no other" });
      return local;
    }
    await copyImage(image, source, destination, { name, onProgress, giveUp: () => stop.abort() });
    const stored = store.resolve(name);
    if (stored === undefined) throw new ImageError("in-use", "the image was removed while it was pulled");
    return stored;
  } finally {
    stop.abort();
    await source?.close();
    await destination.close();
  }
}

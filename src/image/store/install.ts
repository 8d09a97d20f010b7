import type { KeyObject } from "node:crypto";
import { type Digest, digestOf } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, type ImageManifest, isEncrypted } from "../document/manifest.ts";
import { unwrapLayerKey } from "../encryption/layer-key.ts";
import { ImageError } from "../error.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { isInUserNamespace } from "../layer/unpack.ts";
import type { OnProgress } from "../progress.ts";
import { ingestLayers, type OpenBlob, type WantedLayer } from "./ingest.ts";
import type { Store } from "./store.ts";
import { putBlob, recordImages } from "./store-write.ts";
import type { WorkDirectory } from "./work.ts";

/** An image whose manifest and configuration have come, and whose layers can be had. */
export interface ImageToInstall {
  readonly manifestBytes: Uint8Array;
  readonly manifest: ImageManifest;
  readonly configBytes: Uint8Array;
  /** Full names; none leaves the image nameless. */
  readonly references: readonly string[];
  readonly fromIndex: Digest | undefined;
  readonly open: OpenBlob;
}

export interface InstallOptions {
  readonly store: Store;
  readonly work: WorkDirectory;
  readonly limits: LayerLimits;
  /** For encrypted layers. */
  readonly decryptionKeys?: readonly KeyObject[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Called at the first failure of a layer, to end the transfers of the others. */
  readonly giveUp?: () => void;
}

const PARALLEL_LAYERS = 3;

/** Checks and keeps an image: its layers, then its configuration and manifest, and only then its names. */
export async function installImage(image: ImageToInstall, options: InstallOptions): Promise<void> {
  const { store, work } = options;
  const { manifest, configBytes, manifestBytes } = image;
  checkBlob("configuration", configBytes, manifest.config);
  const config = parseImageConfig(configBytes);
  if (config.os !== "linux") throw new ImageError("no-platform", `the image is for ${config.os}`);
  // Before anything of it is fetched, and also when the store has all of it already: nobody gets an encrypted image by
  // asking for it again who has no key.
  const layers = await unlockLayers(matchLayers(manifest, config.diffIds), options.decryptionKeys ?? []);
  const self: Descriptor = {
    mediaType: manifest.mediaType,
    digest: digestOf(manifestBytes),
    size: manifestBytes.length,
    annotations: {},
    platform: { os: config.os, architecture: config.architecture, variant: config.variant },
  };
  const blobs = [self, manifest.config, ...manifest.layers].map(({ digest }) => digest);
  work.keep([...blobs, ...store.layers.idsOf(config.diffIds)]);
  await ingestLayers(layers, image.open, {
    ...options,
    paths: store.paths,
    layers: store.layers,
    inUserNamespace: isInUserNamespace(),
    parallel: PARALLEL_LAYERS,
  });
  putBlob(store.paths, work, configBytes);
  putBlob(store.paths, work, manifestBytes);
  recordImages(store.stateDir, store.paths, [
    { manifest: self, references: image.references, fromIndex: image.fromIndex },
  ]);
}

/** Compares bytes in memory with what was promised. Throws ImageError `size-mismatch`, `digest-mismatch`. */
export function checkBlob(what: string, bytes: Uint8Array, promised: Pick<Descriptor, "digest" | "size">): void {
  if (bytes.length !== promised.size) {
    const facts = { expected: promised.size, got: bytes.length };
    throw new ImageError(
      "size-mismatch",
      `${what} ${promised.digest}: expected ${promised.size} bytes, got ${bytes.length}`,
      facts,
    );
  }
  const digest = digestOf(bytes);
  if (digest !== promised.digest) {
    throw new ImageError("digest-mismatch", `the ${what} should be ${promised.digest} but is ${digest}`);
  }
}

/** Pairs the manifest's blobs with the configuration's diffIDs. */
export function matchLayers(manifest: ImageManifest, diffIds: readonly WantedLayer["diffId"][]): WantedLayer[] {
  const layers = manifest.layers.flatMap((blob, at) => {
    const diffId = diffIds[at];
    return diffId === undefined ? [] : [{ blob, diffId }];
  });
  if (layers.length === manifest.layers.length && layers.length === diffIds.length) return layers;
  const count = `${manifest.layers.length} layers in the manifest, ${diffIds.length} in the configuration`;
  throw new ImageError("bad-manifest", count);
}

async function unlockLayers(layers: readonly WantedLayer[], keys: readonly KeyObject[]): Promise<WantedLayer[]> {
  const unlocked: WantedLayer[] = [];
  for (const layer of layers) {
    unlocked.push(isEncrypted(layer.blob) ? { ...layer, key: await unwrapLayerKey(layer.blob, keys) } : layer);
  }
  return unlocked;
}

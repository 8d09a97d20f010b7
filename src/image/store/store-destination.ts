import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { type ImageConfig, parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, type ImageManifest, isEncrypted } from "../document/manifest.ts";
import { unwrapLayerKey } from "../encryption/layer-key.ts";
import { ImageError, withContext } from "../error.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { isInUserNamespace } from "../layer/unpack.ts";
import type { OnProgress } from "../progress.ts";
import { publish } from "../publish.ts";
import type { AnnouncedImage, ImageDestination, LayerPlace, OpenBlob } from "../transport/image-destination.ts";
import type { SourceManifest } from "../transport/image-source.ts";
import { BlobCheck, BlobFile } from "./blob-file.ts";
import { UNPACKED } from "./index-file.ts";
import { blobPath } from "./layout.ts";
import { ProvenLayers } from "./proven-layers.ts";
import type { Store } from "./store.ts";
import { prepareStore, putBlob, recordImages } from "./store-write.ts";
import { type TakeOptions, takeLayer, type WantedLayer } from "./take-layer.ts";
import { openWork, type WorkDirectory } from "./work.ts";

export interface StoreDestinationOptions {
  readonly store: Store;
  /** Full names; none leaves the image nameless. "unchanged" is for an image that has its entry already. */
  readonly references: readonly string[] | "unchanged";
  readonly limits: LayerLimits;
  /** Private keys for encrypted layers. */
  readonly decryptionKeys: readonly KeyObject[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** The store as a destination that unpacks the image's layers while their blobs arrive. */
export function openStoreDestination(options: StoreDestinationOptions): ImageDestination {
  const { store } = options;
  prepareStore(store.paths);
  return new StoreDestination(options, openWork(store.stateDir, store.paths));
}

interface Expected {
  readonly image: AnnouncedImage;
  readonly config: ImageConfig;
  readonly layers: readonly WantedLayer[];
}

class StoreDestination implements ImageDestination {
  readonly #proven: ProvenLayers;
  #expected: Expected | undefined;

  constructor(
    private readonly options: StoreDestinationOptions,
    private readonly work: WorkDirectory,
  ) {
    this.#proven = new ProvenLayers(options.store.paths);
  }

  async announce(image: AnnouncedImage): Promise<void> {
    const { store, decryptionKeys } = this.options;
    const { manifest, document, index } = image;
    const config = parseImageConfig(image.configBytes);
    if (config.os !== "linux") throw new ImageError("no-platform", `the image is for ${config.os}`);
    // Unlock before anything is fetched, and also when the store has every layer: asking again for an encrypted image
    // must not give it to a caller without the key.
    const layers = await unlockLayers(matchLayers(manifest, config.diffIds), decryptionKeys);
    const documents = [document, ...(index === undefined ? [] : [index])];
    const blobs = [...documents, manifest.config, ...manifest.layers].map(({ digest }) => digest);
    this.work.keep([...blobs, ...store.layers.idsOf(config.diffIds)]);
    this.#expected = { image, config, layers };
  }

  async hasBlob(blob: Descriptor, place?: LayerPlace): Promise<boolean> {
    const { paths, layers } = this.options.store;
    const there = existsSync(blobPath(paths, blob.digest));
    if (place === undefined || !there) return there;
    const { diffId, key } = this.#layer(place);
    // Do not reuse a layer decrypted with another key: an attacker could wrap a wrong key and still get the right
    // content.
    return key === undefined && layers.has(this.#chain(place)) && this.#proven.has(blob, diffId);
  }

  async blob(blob: Descriptor, open: OpenBlob, place?: LayerPlace): Promise<void> {
    if (place === undefined) {
      await this.#keepBlob(blob, open).catch((error: unknown) => {
        throw withContext(`blob ${blob.digest}`, error, "store-io");
      });
      return;
    }
    const { store } = this.options;
    const layer = this.#layer(place);
    const take: TakeOptions = {
      ...this.options,
      paths: store.paths,
      layers: store.layers,
      work: this.work,
      inUserNamespace: isInUserNamespace(),
      chain: this.#chain(place),
      below: place.below,
    };
    await takeLayer(layer, open, take);
    if (layer.key === undefined) this.#proven.add(blob, layer.diffId);
  }

  async manifest({ bytes }: SourceManifest): Promise<void> {
    putBlob(this.options.store.paths, this.work, bytes);
  }

  async commit(): Promise<void> {
    const { store, references } = this.options;
    if (references === "unchanged") return;
    const { image, config } = this.#announced();
    const { os, architecture, variant } = config;
    const manifest: Descriptor = {
      mediaType: image.manifest.mediaType,
      digest: image.document.digest,
      size: image.document.bytes.length,
      annotations: { [UNPACKED]: "true" },
      platform: { os, architecture, variant },
    };
    recordImages(store.stateDir, store.paths, [{ manifest, references, fromIndex: image.index?.digest }]);
  }

  async close(): Promise<void> {
    this.work.close();
  }

  async #keepBlob(blob: Descriptor, open: OpenBlob): Promise<void> {
    const check = new BlobCheck(blob);
    const copy = new BlobFile(this.work.fresh("blob"));
    try {
      for await (const chunk of open()) {
        check.write(chunk);
        copy.write(chunk);
      }
      check.finish();
      copy.finish();
      publish(copy.path, blobPath(this.options.store.paths, blob.digest));
    } finally {
      copy.abort();
    }
  }

  #announced(): Expected {
    if (this.#expected === undefined) throw new Error("a destination that no image was announced to");
    return this.#expected;
  }

  #layer({ at }: LayerPlace): WantedLayer {
    const layer = this.#announced().layers[at];
    if (layer === undefined) throw new Error(`layer ${at} was not announced`);
    return layer;
  }

  #chain({ at }: LayerPlace) {
    return this.#announced().config.diffIds.slice(0, at + 1);
  }
}

/** Pairs the manifest's blobs with the configuration's diffIDs. */
function matchLayers(manifest: ImageManifest, diffIds: ImageConfig["diffIds"]): WantedLayer[] {
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

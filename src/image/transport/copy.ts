import type { Digest } from "../document/digest.ts";
import { findInIndex } from "../document/find-in-index.ts";
import {
  type Descriptor,
  type ImageManifest,
  isImageConfig,
  type Platform,
  parseManifest,
} from "../document/manifest.ts";
import { checkBlob, readConfig } from "../document/small-blob.ts";
import { ImageError } from "../error.ts";
import type { OnProgress } from "../progress.ts";
import type { ImageDestination, LayerPlace } from "./image-destination.ts";
import type { ImageSource, SourceManifest } from "./image-source.ts";
import { Slots } from "./slots.ts";

/** An image in a source, found by its manifest alone. */
export interface FoundImage {
  readonly document: SourceManifest;
  /** The checked view of the document. */
  readonly manifest: ImageManifest;
  /** The index that the image was chosen from. */
  readonly index: SourceManifest | undefined;
}

export interface CopyOptions {
  /** What the image is called in progress reports. */
  readonly name: string;
  readonly onProgress: OnProgress;
  /** Called at the first failure of a layer, to end the transfers of the others. */
  readonly giveUp?: () => void;
}

/** Layers in transfer at the same time; each holds some megabytes of buffers, and has its decompression in a thread. */
const PARALLEL_LAYERS = 3;

/**
 * The image that a source was opened for; of an index, the one for the platform. Throws ImageError `bad-manifest`,
 * `unsupported`, `no-platform`, and what the source throws.
 */
export async function findImage(source: ImageSource, platform: Platform): Promise<FoundImage> {
  const first = await source.manifest();
  const manifest = parseManifest(first.bytes, first.mediaType);
  if (manifest.kind === "manifest") return { document: first, manifest, index: undefined };
  const documents = new Map<Digest, SourceManifest>();
  const search = findInIndex(manifest, platform);
  let step = search.next();
  while (!step.done) {
    const wanted = step.value;
    if (isImageConfig(wanted)) {
      step = search.next(await readConfig(wanted, () => source.blob(wanted)));
      continue;
    }
    const document = await source.manifest(wanted.digest);
    checkBlob("manifest", document.bytes, wanted);
    documents.set(wanted.digest, document);
    step = search.next(document.bytes);
  }
  const found = step.value;
  const document = found === undefined ? undefined : documents.get(found.descriptor.digest);
  if (found === undefined || document === undefined)
    throw new ImageError("no-platform", "the image for this platform is not there");
  return { document, manifest: found.manifest, index: first };
}

/**
 * Copies one image: its layers, several at a time and lowest first, then its configuration, manifest and index, and
 * only then its names. Neither side is closed. Throws the first failure, as ImageError, after all work has stopped.
 */
export async function copyImage(
  image: FoundImage,
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions,
): Promise<void> {
  const { config, layers } = image.manifest;
  const sizes = layers.map(({ digest, size }) => ({ digest, size }));
  options.onProgress({ kind: "manifest", reference: options.name, layers: sizes });
  const configBytes = await readConfig(config, () => source.blob(config));
  await destination.announce({ ...image, configBytes });
  await copyLayers(layers, source, destination, options);
  await destination.blob(config, () => onePiece(configBytes));
  await destination.manifest(image.document);
  if (image.index !== undefined) await destination.manifest(image.index);
  await destination.commit();
}

async function copyLayers(
  layers: readonly Descriptor[],
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions,
): Promise<void> {
  const finished: Promise<void>[] = [];
  const slots = new Slots(PARALLEL_LAYERS);
  let failed = false;
  layers.forEach((layer, at) => {
    const lower = finished.slice();
    const place: LayerPlace = { at, below: () => Promise.all(lower) };
    const work = async (): Promise<void> => {
      try {
        if (failed) throw new ImageError("cancelled", `layer ${layer.digest}: given up`);
        await copyLayer(layer, place, source, destination, options.onProgress);
      } catch (error) {
        if (!failed) options.giveUp?.();
        failed = true;
        throw error;
      }
    };
    // The same blob may be there twice in an image: the second finds what the first has made. It takes no slot, since
    // it has next to nothing to do, and higher layers in all of the slots might wait for it.
    const twin = layers.findIndex(({ digest }) => digest === layer.digest);
    const earlier = twin < at ? finished[twin] : undefined;
    finished.push(earlier === undefined ? slots.run(work) : earlier.then(work));
  });
  const results = await Promise.allSettled(finished);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  // Report the layer that failed first, not those that were given up because of it.
  const cause = failures.find((error) => !(error instanceof ImageError && error.code === "cancelled")) ?? failures[0];
  if (cause !== undefined) throw cause;
}

async function copyLayer(
  layer: Descriptor,
  place: LayerPlace,
  source: ImageSource,
  destination: ImageDestination,
  onProgress: OnProgress,
): Promise<void> {
  const { digest, size } = layer;
  if (await destination.hasBlob(layer, place)) {
    onProgress({ kind: "layer-present", digest, size });
    return;
  }
  await destination.blob(layer, () => source.blob(layer), place);
  onProgress({ kind: "layer-done", digest, size });
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

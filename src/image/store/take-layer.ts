import { createReadStream, existsSync, rmSync } from "node:fs";
import type { DiffId } from "../document/digest.ts";
import type { Descriptor } from "../document/manifest.ts";
import { LayerDecryption } from "../encryption/layer-decryption.ts";
import type { LayerKey } from "../encryption/layer-key.ts";
import { ImageError, type ImageErrorCode, withContext } from "../error.ts";
import type { LayerChain, LayerStore } from "../layer/layer-store.ts";
import type { LayerWriter } from "../layer/layer-writer.ts";
import type { LayerLimits } from "../layer/limits.ts";
import type { OnProgress } from "../progress.ts";
import { publish } from "../publish.ts";
import type { OpenBlob } from "../transport/image-destination.ts";
import { BlobCheck, BlobFile } from "./blob-file.ts";
import { blobPath, type StorePaths } from "./layout.ts";
import type { WorkDirectory } from "./work.ts";

/**
 * Bytes after which garbage is collected at once. Buffers lie outside the heap that Bun's collector watches, so left
 * to itself it would let tens of megabytes of spent ones pile up; this costs about ten milliseconds each time.
 */
const COLLECT_EVERY = 16 * 1024 * 1024;

/** Milliseconds between two reports of a layer that is being written: a large one on a slow disk takes its time. */
const WRITING_BEAT_MS = 3000;

/** A layer of an image: the blob as it is transferred, and the layer that it must hold. */
export interface WantedLayer {
  readonly blob: Descriptor;
  readonly diffId: DiffId;
  /** The key of an encrypted layer. */
  readonly key?: LayerKey | undefined;
}

export interface TakeOptions {
  readonly paths: StorePaths;
  readonly layers: LayerStore;
  readonly work: WorkDirectory;
  readonly inUserNamespace: boolean;
  readonly limits: LayerLimits;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** The diffIDs of the image's layers up to this one. */
  readonly chain: LayerChain;
  /** Resolves when all of the layers below are complete. */
  readonly below: () => Promise<unknown>;
}

/**
 * Brings one layer into the store: checked, decrypted, unpacked and kept as a blob (as it was transferred) while its
 * bytes arrive, and published only when all of that has succeeded. A blob that the store has already is read instead of
 * transferred; one that the disk has damaged is replaced. Throws ImageError.
 */
export async function takeLayer(layer: WantedLayer, open: OpenBlob, options: TakeOptions): Promise<void> {
  const { blob } = layer;
  const { limits, paths, work } = options;
  try {
    if (blob.size > limits.bytes) throw new ImageError("too-large", `more than ${limits.bytes} bytes`);
    const place = blobPath(paths, blob.digest);
    if (existsSync(place)) {
      if (await takeBytes(layer, () => createReadStream(place), undefined, options)) return;
      rmSync(place, { force: true });
    }
    const copy = new BlobFile(work.fresh("blob"));
    try {
      await takeBytes(layer, open, copy, options);
      publish(copy.path, place);
    } finally {
      copy.abort();
    }
  } catch (error) {
    throw withContext(`layer ${blob.digest}`, error, "store-io");
  }
}

/**
 * Reads a layer's bytes to their end. Without a `copy` to write they are the store's own, and false says that they are
 * damaged: then nothing has been written.
 */
async function takeBytes(
  layer: WantedLayer,
  open: OpenBlob,
  copy: BlobFile | undefined,
  options: TakeOptions,
): Promise<boolean> {
  const { layers, work, chain, onProgress } = options;
  const { digest, size } = layer.blob;
  const check = new BlobCheck(layer.blob);
  const decryption = layer.key === undefined ? undefined : new LayerDecryption(layer.key);
  const writer = await layers.add(chain, { ...options, dir: work.fresh("layer") });
  try {
    // A stream that is opened before it is read could fail without a reader, which ends the process.
    const refused = await drain(open(), { layer, check, copy, decryption, writer }, options);
    if (copy === undefined && check.digest() !== digest) return false;
    check.finish();
    decryption?.finish();
    if (refused !== undefined) throw refused.error;
    const report = (): void => onProgress({ kind: "layer-writing", digest, size });
    report();
    const beat = setInterval(report, WRITING_BEAT_MS);
    await writer.finish().finally(() => clearInterval(beat));
    copy?.finish();
    return true;
  } finally {
    writer.abort();
  }
}

interface Sinks {
  readonly layer: WantedLayer;
  readonly check: BlobCheck;
  readonly copy: BlobFile | undefined;
  readonly decryption: LayerDecryption | undefined;
  readonly writer: LayerWriter;
}

/** Hands every piece to all that want it. Returns why the layer was refused, if that may be the transfer's fault. */
async function drain(
  bytes: AsyncIterable<Uint8Array>,
  { layer, check, copy, decryption, writer }: Sinks,
  { signal, onProgress }: TakeOptions,
): Promise<{ readonly error: unknown } | undefined> {
  const { digest, size } = layer.blob;
  let refused: { readonly error: unknown } | undefined;
  for await (const chunk of bytes) {
    if (signal.aborted) throw new ImageError("cancelled", "cancelled");
    check.write(chunk);
    copy?.write(chunk);
    if (check.received % COLLECT_EVERY < chunk.length) Bun.gc(true);
    const plain = decryption?.update(chunk) ?? chunk;
    try {
      if (refused === undefined) await writer.write(plain);
    } catch (error) {
      // Whether a decrypted layer or the store's own copy is bad, or was changed on its way, is only known once the
      // digest is.
      const mayBeDamage = decryption !== undefined || copy === undefined;
      if (!mayBeDamage || !isLayersFault(error)) throw error;
      refused = { error };
    }
    onProgress({ kind: "layer-bytes", digest, received: check.received, size });
  }
  return refused;
}

const LAYERS_FAULTS: readonly ImageErrorCode[] = ["corrupt-layer", "hostile-layer", "too-large", "unsupported"];

function isLayersFault(error: unknown): boolean {
  return error instanceof ImageError && LAYERS_FAULTS.includes(error.code);
}

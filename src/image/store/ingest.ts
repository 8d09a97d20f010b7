import { closeSync, createReadStream, existsSync, fchmodSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import type { DiffId } from "../document/digest.ts";
import type { Descriptor } from "../document/manifest.ts";
import { LayerDecryption } from "../encryption/layer-decryption.ts";
import type { LayerKey } from "../encryption/layer-key.ts";
import { ImageError, type ImageErrorCode, withContext } from "../error.ts";
import type { LayerStore } from "../layer/layer-store.ts";
import type { LayerLimits } from "../layer/limits.ts";
import type { OnProgress } from "../progress.ts";
import { publish } from "../publish.ts";
import { blobPath, type StorePaths } from "./layout.ts";
import { ProvenLayers } from "./proven-layers.ts";
import type { WorkDirectory } from "./work.ts";

/**
 * Bytes after which garbage is collected at once. Buffers lie outside the heap that Bun's collector watches, so left
 * to itself it would let tens of megabytes of spent ones pile up; this costs about ten milliseconds each time.
 */
const COLLECT_EVERY = 16 * 1024 * 1024;

/** A large layer on a slow disk takes its time to be written; whoever watches the progress should not despair. */
const WRITING_BEAT_MS = 3000;

/** What bringing layers into the store takes. */
export interface IngestOptions {
  readonly paths: StorePaths;
  readonly layers: LayerStore;
  readonly work: WorkDirectory;
  readonly inUserNamespace: boolean;
  readonly limits: LayerLimits;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Called at the first failure, to end what the other layers are waiting for. */
  readonly giveUp?: (() => void) | undefined;
  /** Layers of one image in work at the same time; each holds about a megabyte of buffers. */
  readonly parallel: number;
}

/** A layer of an image: the blob as it is transferred and what it must be uncompressed. */
export interface WantedLayer {
  readonly blob: Descriptor;
  readonly diffId: DiffId;
  /** Of an encrypted layer. */
  readonly key?: LayerKey | undefined;
}

/** Opens a blob's bytes, from a registry or from an archive. */
export type OpenBlob = (blob: Descriptor) => AsyncIterable<Uint8Array>;

/**
 * Brings the layers of one image into the store, several at a time, lowest first. Each is checked, decrypted, unpacked
 * and kept as a blob (as it was transferred) while its bytes arrive, and published only when all of that has succeeded.
 * Rejects with the first failure, after all work has stopped.
 */
export async function ingestLayers(
  layers: readonly WantedLayer[],
  open: OpenBlob,
  options: IngestOptions,
): Promise<void> {
  const diffIds = layers.map(({ diffId }) => diffId);
  const finished: Promise<void>[] = [];
  const slots = new Slots(options.parallel);
  const proven = new ProvenLayers(options.paths);
  let failed = false;
  layers.forEach((layer, at) => {
    const below = finished.slice();
    const chain = diffIds.slice(0, at + 1);
    // The same blob may be there twice in an image: the second finds what the first has made.
    const twin = layers.findIndex(({ blob }) => blob.digest === layer.blob.digest);
    const work = async (): Promise<void> => {
      try {
        if (failed) throw new ImageError("cancelled", `layer ${layer.blob.digest}: given up`);
        await ingestLayer(layer, { ...options, chain, open, below: () => Promise.all(below), proven });
      } catch (error) {
        if (!failed) options.giveUp?.();
        failed = true;
        throw error;
      }
    };
    // A twin takes no slot: it has next to nothing to do, and higher layers in all of the slots might wait for it.
    const earlier = twin < at ? finished[twin] : undefined;
    finished.push(earlier === undefined ? slots.run(work) : earlier.then(work));
  });
  const results = await Promise.allSettled(finished);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  // The layer that failed first, not those that were given up because of it.
  const cause = failures.find((error) => !(error instanceof ImageError && error.code === "cancelled")) ?? failures[0];
  if (cause !== undefined) throw cause;
}

interface LayerPlace extends IngestOptions {
  /** The diffIDs of the image's layers up to this one. */
  readonly chain: readonly DiffId[];
  readonly open: OpenBlob;
  /** Resolves when all of the layers below are complete. */
  readonly below: () => Promise<unknown>;
  readonly proven: ProvenLayers;
}

async function ingestLayer(layer: WantedLayer, options: LayerPlace): Promise<void> {
  const { blob, diffId, key } = layer;
  const { paths, layers, work, onProgress, signal, chain, open, proven, limits } = options;
  if (blob.size > limits.bytes)
    throw new ImageError("too-large", `layer ${blob.digest}: more than ${limits.bytes} bytes`);
  const haveBlob = existsSync(blobPath(paths, blob.digest));
  const haveLayer = layers.has(chain);
  // What a key makes of a blob is its owner's to know: whoever wraps another key for him must not get what the right
  // one gave.
  if (key === undefined && haveBlob && haveLayer && proven.has(blob, diffId)) {
    onProgress({ kind: "layer-present", digest: blob.digest, size: blob.size });
    return;
  }
  const unpack = await layers.add(chain, { ...options, dir: work.fresh("layer") });
  const decryption = key === undefined ? undefined : new LayerDecryption(key);
  const copy = haveBlob ? undefined : new BlobFile(work.fresh("blob"));
  const hash = new Bun.CryptoHasher("sha256");
  let received = 0;
  let refused: { readonly error: unknown } | undefined;
  let damaged = false;
  try {
    for await (const chunk of haveBlob ? createReadStream(blobPath(paths, blob.digest)) : open(blob)) {
      if (signal.aborted) throw new ImageError("cancelled", "cancelled");
      hash.update(chunk as Uint8Array);
      received += chunk.length;
      copy?.write(chunk as Uint8Array);
      if (received % COLLECT_EVERY < chunk.length) Bun.gc(true);
      const plain = decryption?.update(chunk as Uint8Array) ?? (chunk as Uint8Array);
      try {
        if (refused === undefined) await unpack.write(plain);
      } catch (error) {
        if ((decryption === undefined && !haveBlob) || !isLayersFault(error)) throw error;
        // Only at its end can be told whether it is this layer that is bad or what somebody, or the disk, has made of
        // it.
        refused = { error };
      }
      onProgress({ kind: "layer-bytes", digest: blob.digest, received, size: blob.size });
    }
    const digest = `sha256:${hash.digest("hex")}`;
    damaged = haveBlob && digest !== blob.digest;
    if (received !== blob.size) {
      const facts = { expected: blob.size, got: received };
      throw new ImageError("size-mismatch", `expected ${blob.size} bytes, got ${received}`, facts);
    }
    if (digest !== blob.digest) throw new ImageError("digest-mismatch", `the bytes that arrived are ${digest}`);
    decryption?.finish();
    if (refused !== undefined) throw refused.error;
    const tell = (): void => onProgress({ kind: "layer-writing", digest: blob.digest, size: blob.size });
    tell();
    const beat = setInterval(tell, WRITING_BEAT_MS);
    await unpack.finish().finally(() => clearInterval(beat));
    copy?.finish();
    if (copy !== undefined) publish(copy.path, blobPath(paths, blob.digest));
    if (key === undefined) proven.add(blob, diffId);
  } catch (error) {
    unpack.abort();
    copy?.abort();
    if (damaged) {
      // The store's own copy: it is of no use to anybody, and there is another one where the image comes from.
      rmSync(blobPath(paths, blob.digest), { force: true });
      return ingestLayer(layer, options);
    }
    throw withContext(`layer ${blob.digest}`, error, "store-io");
  }
  onProgress({ kind: "layer-done", digest: blob.digest, size: blob.size });
}

const LAYERS_FAULTS: readonly ImageErrorCode[] = ["corrupt-layer", "hostile-layer", "too-large", "unsupported"];

function isLayersFault(error: unknown): boolean {
  return error instanceof ImageError && LAYERS_FAULTS.includes(error.code);
}

/** A blob on its way to the disk. */
class BlobFile {
  readonly #fd: number;
  #open = true;

  constructor(readonly path: string) {
    this.#fd = openSync(path, "wx", 0o600);
  }

  write(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length; ) done += writeSync(this.#fd, chunk, done);
  }

  finish(): void {
    fchmodSync(this.#fd, 0o644);
    fsyncSync(this.#fd);
    this.#close();
  }

  abort(): void {
    this.#close();
    rmSync(this.path, { force: true });
  }

  #close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** A counting semaphore: whoever asked first goes first, so lower layers are never behind higher ones. */
class Slots {
  readonly #waiting: (() => void)[] = [];
  constructor(private free: number) {}

  async run(work: () => Promise<void>): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}

import { once } from "node:events";
import { PassThrough, type Transform } from "node:stream";
import zlib from "node:zlib";

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Frames that a zstd decoder skips (RFC 8878, 3.1.2); zstd:chunked layers may start with one. */
const ZSTD_SKIPPABLE = /^[\x50-\x5f]\x2a\x4d\x18/;
/** Number of bytes that identify the compression. */
const FORM_BYTES = 4;
/** In node:zlib since Node 22.15; the types are those of an older Node. */
interface ZstdModule {
  createZstdDecompress(options: { chunkSize: number }): Transform;
}
/** Large pieces cost fewer turns of the event loop. */
const CHUNK = 64 * 1024;

/** An archive's compression, identified by its first bytes: media types are often wrong about it. */
export type Compression = "gzip" | "zstd" | "none";

export function detectCompression(start: Uint8Array): Compression {
  const head = Buffer.from(start.subarray(0, FORM_BYTES));
  if (head.subarray(0, 2).equals(GZIP)) return "gzip";
  if (head.equals(ZSTD) || ZSTD_SKIPPABLE.test(head.toString("latin1"))) return "zstd";
  return "none";
}

function transformFor(compression: Compression): Transform {
  switch (compression) {
    case "gzip":
      return zlib.createGunzip({ chunkSize: CHUNK });
    case "zstd":
      return (zlib as unknown as ZstdModule).createZstdDecompress({ chunkSize: CHUNK });
    case "none":
      return new PassThrough();
  }
}

/** Decompresses what is written to it and hands it on, never holding more than a few pieces. */
export class Decompression {
  #transform: Transform | undefined;
  #start = Buffer.alloc(0);
  #done: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `take` receives the decompressed pieces in order; each call is awaited. */
  constructor(private readonly take: (chunk: Uint8Array) => Promise<void>) {}

  /** Resolves when more may be written. Rejects with a failure to decompress or with what `take` threw. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#transform === undefined) {
      this.#start = Buffer.concat([this.#start, chunk]);
      if (this.#start.length < FORM_BYTES) return;
      await this.#push(this.#begin(), this.#start);
      return;
    }
    await this.#push(this.#transform, chunk);
  }

  /** All bytes are in; resolves when the last decompressed piece has been taken. */
  async finish(): Promise<void> {
    const transform = this.#transform ?? this.#begin();
    // Fewer bytes than identify a compression have not been written yet.
    if (this.#start.length < FORM_BYTES && this.#start.length > 0) await this.#push(transform, this.#start);
    if (!transform.writableEnded) transform.end();
    await this.#done;
    this.#check();
  }

  destroy(): void {
    this.#transform?.destroy();
  }

  #begin(): Transform {
    const transform = transformFor(detectCompression(this.#start));
    this.#transform = transform;
    this.#done = this.#drain(transform);
    return transform;
  }

  async #drain(transform: Transform): Promise<void> {
    try {
      for await (const chunk of transform) await this.take(chunk as Uint8Array);
    } catch (error) {
      this.#failure ??= { error };
      transform.destroy();
    }
  }

  async #push(transform: Transform, chunk: Uint8Array): Promise<void> {
    this.#check();
    // Bytes after the end of the compressed stream are ignored; the blob's digest covers them.
    if (transform.readableEnded || transform.writableEnded) return;
    if (!transform.write(chunk) && !transform.destroyed) {
      const stop = new AbortController();
      await Promise.race([
        once(transform, "drain", { signal: stop.signal }).catch(() => {}),
        once(transform, "close", { signal: stop.signal }).catch(() => {}),
        once(transform, "end", { signal: stop.signal }).catch(() => {}),
      ]);
      stop.abort();
    }
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

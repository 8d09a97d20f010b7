import { once } from "node:events";
import { type Duplex, PassThrough, type Transform } from "node:stream";
import zlib from "node:zlib";
import { TarError } from "./error.ts";
import { programStream } from "./program-stream.ts";

/** How compressed archives begin. No tar archive does: the names that it begins with would be odd ones. */
const FORMS = {
  gzip: /^\x1f\x8b/,
  // Or with a frame that a decoder skips (RFC 8878, 3.1.2), as zstd:chunked layers may.
  zstd: /^(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)/,
  xz: /^\xfd7zXZ\0/,
  bzip2: /^BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)/,
  lz4: /^\x04\x22\x4d\x18/,
  lzip: /^LZIP\x01/,
  lzop: /^\x89LZO\0/,
  compress: /^\x1f\x9d/,
  zip: /^PK\x03\x04/,
  "7-zip": /^7z\xbc\xaf\x27\x1c/,
} as const;
/** Number of bytes that identify the compression. */
const FORM_BYTES = 10;
/** What xz may take to decompress: 65 MiB are enough for its highest level, and a header may ask for 4 GiB. */
const XZ_MEMORY = "256MiB";
/** In node:zlib since Node 22.15; the types are those of an older Node. */
interface ZstdModule {
  createZstdDecompress(options: { chunkSize: number }): Transform;
}
/** Large pieces cost fewer turns of the event loop. */
const CHUNK = 64 * 1024;

/** An archive's compression, identified by its first bytes: media types are often wrong about it. */
export type Compression = keyof typeof FORMS | "none";

export function detectCompression(start: Uint8Array): Compression {
  const head = Buffer.from(start.subarray(0, FORM_BYTES)).toString("latin1");
  for (const [form, begins] of Object.entries(FORMS)) if (begins.test(head)) return form as keyof typeof FORMS;
  return "none";
}

/** Throws TarError `malformed` for what cannot be decompressed, "missing-program". */
function transformFor(compression: Compression): Duplex {
  switch (compression) {
    case "gzip":
      return zlib.createGunzip({ chunkSize: CHUNK });
    case "zstd":
      return (zlib as unknown as ZstdModule).createZstdDecompress({ chunkSize: CHUNK });
    case "xz":
      return programStream("xz", ["--decompress", "--stdout", `--memlimit-decompress=${XZ_MEMORY}`]);
    case "bzip2":
      return programStream("bzip2", ["--decompress", "--stdout"]);
    case "none":
      return new PassThrough();
    default:
      throw new TarError("malformed", `it is compressed by ${compression}, which is not supported`);
  }
}

/** Decompresses what is written to it and hands it on, never holding more than a few pieces. */
export class Decompression {
  #transform: Duplex | undefined;
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

  #begin(): Duplex {
    const transform = transformFor(detectCompression(this.#start));
    this.#transform = transform;
    this.#done = this.#drain(transform);
    return transform;
  }

  async #drain(transform: Duplex): Promise<void> {
    try {
      for await (const chunk of transform) await this.take(chunk as Uint8Array);
    } catch (error) {
      this.#failure ??= { error };
      transform.destroy();
    }
  }

  async #push(transform: Duplex, chunk: Uint8Array): Promise<void> {
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

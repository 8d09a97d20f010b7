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
/**
 * Bytes of a piece, before and after it is decompressed. Each costs a way to a thread and back and a turn of the event
 * loop, which for the 64 KiB that connections and files bring is more than the decompression of some layers.
 */
const PIECE = 1024 * 1024;

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
      return zlib.createGunzip({ chunkSize: PIECE });
    case "zstd":
      return (zlib as unknown as ZstdModule).createZstdDecompress({ chunkSize: PIECE });
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
  /** What has been written and not been passed on. */
  #piece = Buffer.alloc(0);
  #filled = 0;
  #done: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `take` receives the decompressed pieces in order; each call is awaited. */
  constructor(private readonly take: (chunk: Uint8Array) => Promise<void>) {}

  /** Resolves when more may be written. Rejects with a failure to decompress or with what `take` threw. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    for (let at = 0; at < chunk.length; ) {
      if (this.#piece.length === 0) this.#piece = Buffer.allocUnsafe(PIECE);
      const part = chunk.subarray(at, at + this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === PIECE) await this.#pass();
    }
  }

  /** All bytes are in; resolves when the last decompressed piece has been taken. */
  async finish(): Promise<void> {
    await this.#pass();
    if (this.#transform?.writableEnded === false) this.#transform.end();
    await this.#done;
    this.#check();
  }

  destroy(): void {
    this.#transform?.destroy();
  }

  async #pass(): Promise<void> {
    const piece = this.#piece.subarray(0, this.#filled);
    this.#piece = Buffer.alloc(0);
    this.#filled = 0;
    this.#transform ??= this.#begin(piece);
    if (piece.length > 0) await this.#push(this.#transform, piece);
  }

  #begin(start: Uint8Array): Duplex {
    const transform = transformFor(detectCompression(start));
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
    if (!transform.write(chunk) && !transform.destroyed) await roomIn(transform);
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Resolves when more can be written, or nothing ever will be. */
function roomIn(stream: Duplex): Promise<void> {
  const events = ["drain", "close", "end"];
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const event of events) stream.off(event, settle);
      resolve();
    };
    for (const event of events) stream.on(event, settle);
  });
}

import { Decompression } from "../../tar/decompression.ts";
import type { DiffId } from "../document/digest.ts";
import { ImageError } from "../error.ts";
import type { LayerLimits } from "./limits.ts";

export interface UncompressedOptions {
  /** The digest of the uncompressed layer that the image's configuration promises. */
  readonly diffId: DiffId;
  readonly limits: Pick<LayerLimits, "bytes">;
}

/** The tar stream in a layer's blob, while it is decompressed: counted, hashed and handed on. */
export class UncompressedLayer {
  readonly #hash = new Bun.CryptoHasher("sha256");
  readonly #decompression: Decompression;
  #bytes = 0;

  /** `take` gets the pieces in order and is waited for. */
  constructor(
    private readonly options: UncompressedOptions,
    take: (chunk: Uint8Array) => Promise<void>,
  ) {
    this.#decompression = new Decompression((chunk) => {
      this.#count(chunk);
      return take(chunk);
    });
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#decompression.write(chunk);
  }

  /** All bytes are in; resolves when the last piece has been taken. */
  end(): Promise<void> {
    return this.#decompression.finish();
  }

  /** Throws ImageError `digest-mismatch` when the stream, which has ended, is not the promised one. */
  check(): void {
    const diffId = `sha256:${this.#hash.digest("hex")}`;
    if (diffId !== this.options.diffId) {
      throw new ImageError("digest-mismatch", `uncompressed, it should be ${this.options.diffId} but is ${diffId}`);
    }
  }

  destroy(): void {
    this.#decompression.destroy();
  }

  #count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.options.limits.bytes) {
      throw new ImageError("too-large", `more than ${this.options.limits.bytes} bytes uncompressed`);
    }
  }
}

import { withContext } from "../error.ts";
import { UncompressedLayer, type UncompressedOptions } from "./uncompressed.ts";

/**
 * Sees whether a blob is the layer that it is said to be, for a layer that is unpacked already: an image may use what
 * another one has brought only if it brings the same.
 */
export class LayerCheck {
  readonly #uncompressed: UncompressedLayer;

  constructor(options: UncompressedOptions) {
    this.#uncompressed = new UncompressedLayer(options, async () => {});
  }

  /** More of the compressed (or plain) layer. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#uncompressed.write(chunk).catch(notTheLayer);
  }

  /** All bytes are in: throws ImageError `digest-mismatch`, `corrupt-layer` or `too-large` if it is not the layer. */
  async finish(): Promise<void> {
    await this.#uncompressed.end().catch(notTheLayer);
    this.#uncompressed.check();
  }

  abort(): void {
    this.#uncompressed.destroy();
  }
}

function notTheLayer(error: unknown): never {
  throw withContext("check", error, "corrupt-layer");
}

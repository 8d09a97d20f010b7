import { withContext } from "../error.ts";
import type { LayerWriter } from "./layer-writer.ts";
import { UncompressedLayer, type UncompressedOptions } from "./uncompressed.ts";

/** Compares the bytes of a blob with a layer that is in the store already, and writes nothing. */
export class LayerCheck implements LayerWriter {
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

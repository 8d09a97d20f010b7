import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { ImageError } from "../error.ts";
import type { LayerKey } from "./layer-key.ts";

/**
 * Decrypts one layer while its bytes arrive: AES-256 in counter mode, with an HMAC over the encrypted bytes. Do not
 * trust the plain bytes before {@link finish} has checked the HMAC: they may have been changed on the way.
 */
export class LayerDecryption {
  readonly #cipher: ReturnType<typeof createDecipheriv>;
  readonly #hmac: ReturnType<typeof createHmac>;
  readonly #expected: Buffer;

  constructor({ symmetricKey, nonce, hmac }: LayerKey) {
    this.#cipher = createDecipheriv("aes-256-ctr", symmetricKey, nonce);
    this.#hmac = createHmac("sha256", symmetricKey);
    this.#expected = hmac;
  }

  /** The decrypted piece, as long as the encrypted one. */
  update(chunk: Uint8Array): Uint8Array {
    this.#hmac.update(chunk);
    return this.#cipher.update(chunk);
  }

  /** All bytes are in: throws ImageError `bad-encryption` if they are not the ones that were encrypted with the key. */
  finish(): void {
    if (timingSafeEqual(this.#hmac.digest(), this.#expected)) return;
    throw new ImageError("bad-encryption", "its HMAC is another: it was changed after it was encrypted");
  }
}

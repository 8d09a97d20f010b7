import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import type { Digest } from "../document/digest.ts";
import type { Descriptor } from "../document/manifest.ts";
import { ImageError } from "../error.ts";

/** Counts and hashes a blob's bytes, and compares them with what was promised when all are in. */
export class BlobCheck {
  readonly #hash = new Bun.CryptoHasher("sha256");
  #received = 0;
  #digest: Digest | undefined;

  constructor(private readonly blob: Descriptor) {}

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  write(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#received += chunk.length;
  }

  /** The digest of all bytes; no more may come after it. */
  digest(): Digest {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}` as Digest;
    return this.#digest;
  }

  /** Throws ImageError `size-mismatch`, `digest-mismatch`. */
  finish(): void {
    if (this.#received !== this.blob.size) {
      const facts = { expected: this.blob.size, got: this.#received };
      throw new ImageError("size-mismatch", `expected ${this.blob.size} bytes, got ${this.#received}`, facts);
    }
    if (this.digest() !== this.blob.digest)
      throw new ImageError("digest-mismatch", `the bytes that arrived are ${this.digest()}`);
  }
}

/** A blob on its way to the disk, in a place of its own until it is published. */
export class BlobFile {
  readonly #fd: number;
  #open = true;

  constructor(readonly path: string) {
    this.#fd = openSync(path, "wx", 0o600);
  }

  write(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length; ) done += writeSync(this.#fd, chunk, done);
  }

  /** All bytes are written: they are on the disk when this returns, and the file may be renamed. */
  finish(): void {
    fchmodSync(this.#fd, 0o644);
    fsyncSync(this.#fd);
    this.#close();
  }

  /** Removes the file, unless it has been renamed. */
  abort(): void {
    this.#close();
    rmSync(this.path, { force: true });
  }

  #close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

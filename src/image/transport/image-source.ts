import type { Digest } from "../document/digest.ts";
import type { Descriptor } from "../document/manifest.ts";

/** A manifest or an index, losslessly: its bytes as they came, which its digest identifies. */
export interface SourceManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** What the source says the document is, without parameters; undefined when it does not say. */
  readonly mediaType: string | undefined;
}

/**
 * One image, or the index of several, in the place where it can be read: a registry, an archive, a folder, the store.
 * Reading changes nothing and may be repeated. All methods throw ImageError, with the code of what went wrong
 * (`network`, `unauthorized`, `bad-archive`, `store-corrupt` …).
 */
export interface ImageSource {
  /**
   * The document under a digest, or, without one, the document that the source was opened for. The source checks it
   * against the digest, and against the descriptor if the source has one; it does not parse it. Throws `too-large`,
   * `digest-mismatch`, `size-mismatch`, `not-found`.
   */
  manifest(which?: Digest): Promise<SourceManifest>;
  /**
   * The bytes of a blob from the beginning, in order. The reader checks size and digest, because it sees every byte
   * anyway. Fails at the first piece rather than at the call, and may be opened again after a failure.
   */
  blob(blob: Descriptor): AsyncIterable<Uint8Array>;
  /** Frees connections and files. The opener closes, once, after the last read; streams are ended by it. */
  close(): Promise<void>;
}

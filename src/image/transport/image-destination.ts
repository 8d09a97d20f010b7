import type { Descriptor, ImageManifest } from "../document/manifest.ts";
import type { SourceManifest } from "./image-source.ts";

/** An image as it is announced: its documents have come and are checked, its layers can be had. */
export interface AnnouncedImage {
  readonly document: SourceManifest;
  /** The checked view of the document. */
  readonly manifest: ImageManifest;
  /** Checked against the manifest's descriptor. */
  readonly configBytes: Uint8Array;
  /** The index that the image was chosen from. */
  readonly index: SourceManifest | undefined;
}

/** Opens a blob's bytes from the beginning. A destination may call it never, once, or again after a failure. */
export type OpenBlob = () => AsyncIterable<Uint8Array>;

/** Which layer of the announced image a blob is. */
export interface LayerPlace {
  /** From 0, the lowest. */
  readonly at: number;
  /** Resolves when the destination has all the layers below; rejects when one of them failed. */
  readonly below: () => Promise<unknown>;
}

/**
 * Where an image can be put. The order is: one {@link announce}, then blobs (several at the same time), then manifests
 * (what others refer to first), then {@link commit}. Nothing of the image can be seen under its names before commit,
 * and what was put there by a copy that failed is used by the next one or collected as garbage. Every method but
 * announce and close is idempotent. All throw ImageError (`no-space`, `store-io` … beside those that are named here).
 */
export interface ImageDestination {
  /**
   * Says which image comes next. The destination may refuse it before anything is transferred: `unsupported`,
   * `no-platform`, `bad-config`, `bad-manifest`, `no-key`, `wrong-key`.
   */
  announce(image: AnnouncedImage): Promise<void>;
  /** Whether the blob, in its place if it is a layer, is there already, so that it need not be given. */
  hasBlob(blob: Descriptor, layer?: LayerPlace): Promise<boolean>;
  /**
   * Takes a blob. The destination checks size and digest, of a layer also what it holds, before anything else can see
   * it. Throws `size-mismatch`, `digest-mismatch`, `corrupt-layer`, `hostile-layer`, and what `open` throws.
   */
  blob(blob: Descriptor, open: OpenBlob, layer?: LayerPlace): Promise<void>;
  /** Takes a manifest or index, byte for byte. The caller has checked it, and has put there all that it refers to. */
  manifest(document: SourceManifest): Promise<void>;
  /** Gives the announced image its names, all at once. */
  commit(): Promise<void>;
  /**
   * Frees what the destination holds. The opener closes, once, also after a failure; without commit no name changes.
   */
  close(): Promise<void>;
}

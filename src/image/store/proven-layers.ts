import type { DiffId } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, isEncrypted, parseManifest } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import { readIndexFile, UNPACKED } from "./index-file.ts";
import { readBlob, type StorePaths } from "./layout.ts";

/**
 * Which blobs are known to hold which layers: they were read and compared when an image of the store was brought there.
 * Manifest and configuration alone prove nothing. Their author could name a layer that somebody else's image has
 * brought and any blob that the store happens to have. Whoever names the right pair of a layer that is not encrypted
 * does get it without having been able to fetch it, as with podman. Of encrypted blobs nothing is proven: what they
 * hold depends on the key, so they are decrypted and compared by each pull.
 */
export class ProvenLayers {
  /** Of the store's images; read only when a blob and a layer are both there. */
  #before: Set<string> | undefined;
  readonly #added = new Set<string>();

  constructor(private readonly paths: StorePaths) {}

  /** Whether the blob, as it is, was seen to be the layer. */
  has(blob: Descriptor, diffId: DiffId): boolean {
    const wanted = pair(blob, diffId);
    if (this.#added.has(wanted)) return true;
    this.#before ??= this.#ofImages();
    return this.#before.has(wanted);
  }

  add(blob: Descriptor, diffId: DiffId): void {
    this.#added.add(pair(blob, diffId));
  }

  #ofImages(): Set<string> {
    const pairs = new Set<string>();
    for (const entry of readIndexFile(this.paths.index).entries) {
      // Blobs that another tool has put there were never compared with layers.
      if (entry.annotations[UNPACKED] === undefined) continue;
      try {
        const manifest = parseManifest(readBlob(this.paths, entry.digest), entry.mediaType);
        if (manifest.kind === "index") continue;
        const { diffIds } = parseImageConfig(readBlob(this.paths, manifest.config.digest));
        diffIds.forEach((diffId, at) => {
          const blob = manifest.layers[at];
          if (blob !== undefined && !isEncrypted(blob)) pairs.add(pair(blob, diffId));
        });
      } catch (error) {
        // A broken image proves nothing; this pull may be the one that repairs it.
        if (!(error instanceof ImageError)) throw error;
      }
    }
    return pairs;
  }
}

function pair(blob: Descriptor, diffId: DiffId): string {
  return `${blob.digest} ${diffId}`;
}

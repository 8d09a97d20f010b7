import { failedWith } from "../../error.ts";
import type { DiffId } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, isEncrypted, parseManifest } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import { type IndexEntry, readIndexFile, UNPACKED } from "./index-file.ts";
import { readBlob, type StorePaths } from "./layout.ts";

/**
 * The pairs of blobs and layers that were compared when berth brought an image into the store. A manifest and a
 * configuration alone prove nothing: their author could name another image's layer, and any blob that the store happens
 * to have. An author who names the right pair of a layer that is not encrypted does get the layer without access to its
 * blob, as with podman. Encrypted blobs prove nothing, because their content depends on the key: each pull decrypts and
 * compares them.
 */
export class ProvenLayers {
  /** The pairs of the store's images; read only when a blob and a layer are both there. */
  #before: Set<string> | undefined;
  readonly #added = new Set<string>();

  constructor(private readonly paths: StorePaths) {}

  /** Whether the blob was compared with the layer. */
  has(blob: Descriptor, diffId: DiffId): boolean {
    const wanted = pair(blob, diffId);
    if (this.#added.has(wanted)) return true;
    this.#before ??= this.#ofImages();
    return this.#before.has(wanted);
  }

  add(blob: Descriptor, diffId: DiffId): void {
    this.#added.add(pair(blob, diffId));
  }

  /** None of a damaged index.json, which this pull may be about to make anew. */
  #entries(): readonly IndexEntry[] {
    try {
      return readIndexFile(this.paths.index).entries;
    } catch (error) {
      if (failedWith(error, "store-corrupt")) return [];
      throw error;
    }
  }

  #ofImages(): Set<string> {
    const pairs = new Set<string>();
    for (const entry of this.#entries()) {
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

import { createReadStream, existsSync } from "node:fs";
import type { Digest } from "../document/digest.ts";
import { ImageError } from "../error.ts";
import type { ImageSource } from "../transport/image-source.ts";
import { blobPath, readBlob, type StorePaths } from "./layout.ts";

/** A document in the store, and what an entry of the store says that it is, if it is one's. */
export interface StoredDocument {
  readonly digest: Digest;
  readonly mediaType: string | undefined;
}

/**
 * What an entry of the store refers to, byte for byte as it came. Indexes that images were chosen from are there under
 * their digests. Nothing keeps the image in the store meanwhile but a name or a work directory.
 */
export function storeSource(paths: StorePaths, entry: StoredDocument): ImageSource {
  return {
    manifest: async (which) => {
      const digest = which ?? entry.digest;
      return { bytes: readBlob(paths, digest), digest, mediaType: which === undefined ? entry.mediaType : undefined };
    },
    blob: ({ digest }) => readStored(paths, digest),
    close: async () => {},
  };
}

async function* readStored(paths: StorePaths, digest: Digest): AsyncGenerator<Uint8Array> {
  const path = blobPath(paths, digest);
  if (!existsSync(path)) throw new ImageError("store-corrupt", `blob ${digest} is not in the store`);
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

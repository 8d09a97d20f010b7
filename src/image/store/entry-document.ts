import { existsSync } from "node:fs";
import type { DiffId, Digest } from "../document/digest.ts";
import { type FoundInIndex, findInIndex } from "../document/find-in-index.ts";
import { type ImageConfig, parseImageConfig } from "../document/image-config.ts";
import {
  type Artifact,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  MANIFEST_MAX,
  MANIFEST_TYPES,
  type Platform,
  parseDocument,
} from "../document/manifest.ts";
import { platformOf } from "../document/platform.ts";
import { ImageError, withContext } from "../error.ts";
import { entryName, type IndexEntry, isUnpacked } from "./index-file.ts";
import { blobPath, readBlob, type StorePaths } from "./layout.ts";

/** An image in the store. Its layers are unpacked, or can be when they are needed. */
export interface StoredImage {
  /** Full name with tag or digest; empty for an image whose tag has moved on. */
  readonly reference: string;
  readonly manifestDigest: Digest;
  /** The image ID that people see is this digest's hex digits. */
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly DiffId[];
  /** The index that has the name, if the image itself has none. */
  readonly index?: Digest;
  /** Another tool put the image there, and its blobs have not been compared with its layers. */
  readonly unproven?: true;
}

/**
 * What an entry of the store refers to. Throws ImageError `store-corrupt`, `store-io`, `bad-manifest`, `unsupported`.
 */
export function readEntry(paths: StorePaths, entry: Descriptor): ImageManifest | ImageIndex | Artifact {
  // Any blob may be an entry: what is no manifest by its type or size is not read.
  if (!MANIFEST_TYPES.has(entry.mediaType) || entry.size > MANIFEST_MAX)
    return { kind: "artifact", mediaType: entry.mediaType, artifactType: entry.mediaType };
  return parseDocument(readBlob(paths, entry.digest), entry.mediaType);
}

/**
 * The image that an entry means; of an index, the one for the platform, by default this machine's. Throws ImageError
 * `no-platform` for an index whose image for it is not in the store, `unsupported` for an artifact, and those of
 * {@link readEntry} with `bad-config`.
 */
export function loadImage(paths: StorePaths, entry: IndexEntry, platform?: Platform): StoredImage {
  const reference = entryName(entry) ?? "";
  const name = `image ${reference || entry.digest}`;
  try {
    const document = readEntry(paths, entry);
    if (document.kind === "manifest") return imageOf(paths, document, { reference, ...foundIn(entry, entry.digest) });
    if (document.kind === "artifact")
      throw new ImageError("unsupported", `it is an artifact (${document.artifactType}), not an image`);
    const chosen = chooseIn(paths, document, platform);
    if (chosen === undefined)
      throw new ImageError("no-platform", "it is an index, and its image for this platform is not in the store");
    const { descriptor, manifest } = chosen;
    return imageOf(paths, manifest, { reference, index: entry.digest, ...foundIn(entry, descriptor.digest) });
  } catch (error) {
    throw withContext(name, error, "store-corrupt");
  }
}

function chooseIn(paths: StorePaths, index: ImageIndex, platform: Platform | undefined): FoundInIndex | undefined {
  const search = findInIndex(index, platform ?? platformOf(process.arch));
  try {
    let step = search.next();
    while (!step.done) {
      const { digest } = step.value;
      step = search.next(existsSync(blobPath(paths, digest)) ? readBlob(paths, digest) : undefined);
    }
    return step.value;
  } catch (error) {
    throw withContext("it is an index", error, "no-platform");
  }
}

function foundIn(entry: IndexEntry, manifestDigest: Digest): Pick<StoredImage, "manifestDigest" | "unproven"> {
  return { manifestDigest, ...(isUnpacked(entry, manifestDigest) ? {} : { unproven: true }) };
}

function imageOf(
  paths: StorePaths,
  manifest: ImageManifest,
  found: Pick<StoredImage, "reference" | "manifestDigest" | "index" | "unproven">,
): StoredImage {
  const configDigest = manifest.config.digest;
  const config = parseImageConfig(readBlob(paths, configDigest));
  return { ...found, configDigest, config, layers: config.diffIds };
}

/**
 * What identifies the entry to people: the digest of its image's configuration, or its own where there is no such image
 * (or it cannot be read).
 */
export function entryId(paths: StorePaths, entry: IndexEntry): Digest {
  try {
    return loadImage(paths, entry).configDigest;
  } catch (error) {
    if (error instanceof ImageError && error.code !== "store-io") return entry.digest;
    throw error;
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../../system/error.ts";
import { type Digest, digestHex, digestOf } from "../document/digest.ts";
import { type Descriptor, OCI_INDEX, parseManifest } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";

/** Where things are below a scope's state directory. */
export interface StorePaths {
  readonly images: string;
  readonly blobs: string;
  readonly index: string;
  readonly layers: string;
  /** Work in progress, on the same file system as all the rest, so that finished work moves by rename. */
  readonly work: string;
}

export function storePaths(stateDir: string): StorePaths {
  const images = join(stateDir, "images");
  return {
    images,
    blobs: join(images, "blobs", "sha256"),
    index: join(images, "index.json"),
    layers: join(stateDir, "layers"),
    work: join(stateDir, "tmp"),
  };
}

/** The annotation by which tools find an image in an OCI layout (image-spec, annotations.md). */
export const REF_NAME = "org.opencontainers.image.ref.name";
/** The digest of the index that an image was chosen from, so that the name with that digest finds it too. */
export const FROM_INDEX = "berth.from-index";

/** The layout's entry points: one descriptor for each name, and one for each image that lost its name. */
export function readIndex(paths: StorePaths): readonly Descriptor[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(paths.index);
  } catch (error) {
    if (isMissing(error)) return [];
    throw withContext(`read ${paths.index}`, error, "store-io");
  }
  try {
    const index = parseManifest(bytes, OCI_INDEX);
    return index.kind === "index" ? index.manifests : [];
  } catch (error) {
    throw new ImageError("store-corrupt", `read ${paths.index}`, {}, { cause: error });
  }
}

export function formatIndex(manifests: readonly Descriptor[]): string {
  const entries = manifests.map(({ mediaType, digest, size, annotations, platform }) => ({
    mediaType,
    digest,
    size,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ...(platform ? { platform: withoutEmpty(platform) } : {}),
  }));
  return `${JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }, null, 2)}\n`;
}

function withoutEmpty(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== ""));
}

export function blobPath(paths: StorePaths, digest: Digest): string {
  return join(paths.blobs, digestHex(digest));
}

/** A small blob (manifest, configuration), checked against its digest on every read. */
export function readBlob(paths: StorePaths, digest: Digest): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(blobPath(paths, digest));
  } catch (error) {
    throw withContext(`read blob ${digest}`, error, isMissing(error) ? "store-corrupt" : "store-io");
  }
  if (digestOf(bytes) !== digest) throw new ImageError("store-corrupt", `blob ${digest} does not match its digest`);
  return bytes;
}

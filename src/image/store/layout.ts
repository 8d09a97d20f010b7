import { statSync } from "node:fs";
import { join } from "node:path";
import { isMissing, SystemError } from "../../system/error.ts";
import type { ReplaceOptions } from "../../system/files.ts";
import { readRegular } from "../../system/read-bounded.ts";
import { type Digest, digestHex, digestOf } from "../document/digest.ts";
import { CONFIG_MAX } from "../document/manifest.ts";
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

/** How the index and the layout's version are written: a power cut leaves the old text or the new. */
export const DURABLE: ReplaceOptions = { mode: 0o644, durable: true };

export function blobPath(paths: StorePaths, digest: Digest): string {
  return join(paths.blobs, digestHex(digest));
}

/**
 * A small blob (manifest, index, configuration), checked against its digest on every read. A document of another tool
 * may name any blob as one: those that are too large are not read. Throws ImageError `store-corrupt`, `store-io`.
 */
export function readBlob(paths: StorePaths, digest: Digest): Uint8Array {
  const path = blobPath(paths, digest);
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > CONFIG_MAX)
      throw new ImageError("store-corrupt", `it is longer than ${CONFIG_MAX} bytes, and no manifest or configuration`);
    bytes = readRegular(path, CONFIG_MAX);
  } catch (error) {
    const isCorrupt = isMissing(error) || (error instanceof SystemError && error.code === "not-regular");
    throw withContext(`read blob ${digest}`, error, isCorrupt ? "store-corrupt" : "store-io");
  }
  if (digestOf(bytes) !== digest)
    throw new ImageError("store-corrupt", `blob ${digest} does not match its digest: pull its image again`);
  return bytes;
}

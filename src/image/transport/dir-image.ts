import { digestHex } from "../document/digest.ts";
import { CONFIG_MAX, MANIFEST_MAX, parseManifest } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import type { ImageToInstall } from "../store/install.ts";
import type { Staged } from "./archive.ts";

/** The file that tells a folder of `skopeo copy … dir:PATH` from others. */
export const DIR_VERSION = "version";

/**
 * The image of a folder as skopeo and podman write it for `dir:` (containers-transports(5)): manifest.json, and blobs
 * by their digests.
 */
export function dirImage(files: Staged): ImageToInstall {
  const manifestBytes = files.read("manifest.json", MANIFEST_MAX);
  const manifest = parseManifest(manifestBytes);
  if (manifest.kind === "index") throw new ImageError("unsupported", "a folder with images for several platforms");
  return {
    manifestBytes,
    manifest,
    configBytes: files.read(digestHex(manifest.config.digest), CONFIG_MAX),
    references: [],
    fromIndex: undefined,
    open: (blob) => files.stream(digestHex(blob.digest)),
  };
}

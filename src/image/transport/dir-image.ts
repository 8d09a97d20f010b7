import { type Digest, digestHex, digestOf } from "../document/digest.ts";
import { MANIFEST_MAX } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import type { Staged } from "./archive.ts";
import type { ImageSource, SourceManifest } from "./image-source.ts";

/** The file by which a folder of `skopeo copy … dir:PATH` is distinguished from others. */
export const DIR_VERSION = "version";

/**
 * The image of a folder as skopeo and podman write it for `dir:` (containers-transports(5)): manifest.json, blobs by
 * their digests, and with an index the manifests in it as HEX.manifest.json.
 */
export function dirSource(files: Staged): ImageSource {
  return {
    manifest: async (which) => readDocument(files, which),
    blob: (blob) => files.stream(digestHex(blob.digest)),
    close: async () => {},
  };
}

function readDocument(files: Staged, which: Digest | undefined): SourceManifest {
  const name = which === undefined ? "manifest.json" : `${digestHex(which)}.manifest.json`;
  const bytes = files.read(name, MANIFEST_MAX);
  const digest = digestOf(bytes);
  if (which !== undefined && digest !== which) throw new ImageError("digest-mismatch", `${name} is ${digest}`);
  return { bytes, digest, mediaType: undefined };
}

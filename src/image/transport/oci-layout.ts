import { type Digest, digestHex } from "../document/digest.ts";
import {
  CONFIG_MAX,
  type Descriptor,
  MANIFEST_MAX,
  OCI_INDEX,
  type Platform,
  parseManifest,
} from "../document/manifest.ts";
import { choosePlatform } from "../document/platform.ts";
import { ImageError } from "../error.ts";
import { formatReference, isShortName, parseReference } from "../reference.ts";
import { checkBlob, type ImageToInstall } from "../store/install.ts";
import { REF_NAME } from "../store/layout.ts";
import type { Staged } from "./archive.ts";

/** Where containerd and Docker put the full name; their ref.name is the tag alone. */
const CONTAINERD_NAME = "io.containerd.image.name";

const blobName = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** The images of an OCI layout (image-spec, image-layout.md): one for each entry of index.json. */
export function ociLayoutImages(files: Staged, platform: Platform): ImageToInstall[] {
  const index = parseManifest(files.read("index.json", MANIFEST_MAX), OCI_INDEX);
  if (index.kind !== "index") throw new ImageError("bad-archive", "index.json is not an index");
  if (index.manifests.length === 0) throw new ImageError("bad-archive", "it holds no image");
  return index.manifests.map((entry) => toImage(files, entry, platform));
}

function toImage(files: Staged, entry: Descriptor, platform: Platform): ImageToInstall {
  const references = referenceOf(entry);
  let chosen = entry;
  let fromIndex: Digest | undefined;
  let { bytes, document } = readManifest(files, entry);
  if (document.kind === "index") {
    fromIndex = entry.digest;
    chosen = choosePlatform(document, platform);
    ({ bytes, document } = readManifest(files, chosen));
  }
  if (document.kind === "index") throw new ImageError("unsupported", "an index in an index");
  const { config } = document;
  return {
    manifestBytes: bytes,
    manifest: document,
    configBytes: files.read(blobName(config.digest), CONFIG_MAX),
    references,
    fromIndex,
    open: (blob) => files.stream(blobName(blob.digest)),
  };
}

function readManifest(files: Staged, descriptor: Descriptor) {
  const bytes = files.read(blobName(descriptor.digest), MANIFEST_MAX);
  checkBlob("manifest", bytes, descriptor);
  return { bytes, document: parseManifest(bytes, descriptor.mediaType) };
}

/** The name that the layout gives an image. One without a registry was made here: `localhost/`, as podman has it. */
function referenceOf(entry: Descriptor): string[] {
  const name = entry.annotations[CONTAINERD_NAME] ?? entry.annotations[REF_NAME];
  if (name === undefined || name === "") return [];
  return [formatReference(parseReference(isShortName(name) ? `localhost/${name}` : name))];
}

import { lacksRegistry } from "../../options/values/image-name.ts";
import { type Digest, digestHex, digestOf } from "../document/digest.ts";
import { type Descriptor, MANIFEST_MAX, OCI_INDEX, parseManifest } from "../document/manifest.ts";
import { checkBlob } from "../document/small-blob.ts";
import { ImageError } from "../error.ts";
import { formatReference, parseReference } from "../reference.ts";
import { REF_NAME } from "../store/index-file.ts";
import type { NamedSource, Staged } from "./archive.ts";
import type { ImageSource } from "./image-source.ts";

/** Where containerd and Docker put the full name; their ref.name is the tag alone. */
const CONTAINERD_NAME = "io.containerd.image.name";

const blobName = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** The images of an OCI layout (image-spec, image-layout.md): one for each entry of index.json. */
export function ociLayoutSources(files: Staged): NamedSource[] {
  const index = parseManifest(files.read("index.json", MANIFEST_MAX), OCI_INDEX);
  if (index.kind !== "index") throw new ImageError("bad-archive", "index.json is not an index");
  if (index.manifests.length === 0) throw new ImageError("bad-archive", "it holds no image");
  return index.manifests.map((entry) => ({ references: referencesOf(entry), source: layoutSource(files, entry) }));
}

function layoutSource(files: Staged, entry: Descriptor): ImageSource {
  return {
    manifest: async (which) => {
      const bytes = files.read(blobName(which ?? entry.digest), MANIFEST_MAX);
      if (which === undefined) checkBlob("manifest", bytes, entry);
      else checkBlob("manifest", bytes, { digest: which, size: bytes.length });
      return { bytes, digest: digestOf(bytes), mediaType: which === undefined ? entry.mediaType : undefined };
    },
    blob: (blob) => files.stream(blobName(blob.digest)),
    close: async () => {},
  };
}

/** The name that the layout gives an image. One without a registry was made here: `localhost/`, as podman has it. */
function referencesOf(entry: Descriptor): string[] {
  const name = entry.annotations[CONTAINERD_NAME] ?? entry.annotations[REF_NAME];
  if (name === undefined || name === "") return [];
  return [formatReference(parseReference(lacksRegistry(name) ? `localhost/${name}` : name))];
}

import { isJsonObject, optionalString, stringArray } from "../../json.ts";
import { lacksRegistry } from "../../options/values/image-name.ts";
import { detectCompression } from "../../tar/decompression.ts";
import { type Digest, digestOf } from "../document/digest.ts";
import { CONFIG_MAX, type Descriptor, MANIFEST_MAX, OCI_CONFIG, OCI_MANIFEST } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import { formatReference, parseReference } from "../reference.ts";
import type { NamedSource, Staged } from "./archive.ts";
import type { SourceManifest } from "./image-source.ts";

const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/**
 * The images of a `docker save` archive: manifest.json names each one's configuration, tags and layers. There is no
 * OCI manifest in it, so one is made; configuration and layers stay as they are, so the image ID is the same.
 */
export async function dockerArchiveSources(files: Staged): Promise<NamedSource[]> {
  const refuse = (why: string): never => {
    throw new ImageError("bad-archive", `manifest.json: ${why}`);
  };
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(files.read("manifest.json", MANIFEST_MAX)).toString());
  } catch (error) {
    throw error instanceof ImageError ? error : refuse("it is not JSON");
  }
  if (!Array.isArray(list) || list.length === 0) return refuse("it holds no image");
  const images: NamedSource[] = [];
  for (const item of list as unknown[]) {
    if (!isJsonObject(item)) return refuse("an image is not an object");
    const config = optionalString(item, "Config", refuse) ?? refuse("an image without Config");
    const tags = stringArray(item, "RepoTags", refuse);
    images.push(await toSource(files, config, stringArray(item, "Layers", refuse), tags));
  }
  return images;
}

async function toSource(
  files: Staged,
  configName: string,
  layerNames: readonly string[],
  tags: readonly string[],
): Promise<NamedSource> {
  const configBytes = files.read(configName, CONFIG_MAX);
  const names = new Map<Digest, string>();
  const layers: Pick<Descriptor, "mediaType" | "digest" | "size">[] = [];
  for (const name of layerNames) {
    const { digest, mediaType } = await describeLayer(files, name);
    names.set(digest, name);
    layers.push({ mediaType, digest, size: files.size(name) });
  }
  const config = { mediaType: OCI_CONFIG, digest: digestOf(configBytes), size: configBytes.length };
  const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers });
  const bytes = Buffer.from(text);
  const made: SourceManifest = { bytes, digest: digestOf(bytes), mediaType: OCI_MANIFEST };
  return {
    // A name without a registry was given here, as podman has it.
    references: tags.map((tag) => formatReference(parseReference(lacksRegistry(tag) ? `localhost/${tag}` : tag))),
    source: {
      manifest: async (which) => {
        if (which === undefined || which === made.digest) return made;
        throw new ImageError("bad-archive", `manifest ${which} is missing`);
      },
      blob: ({ digest }) => files.stream(digest === config.digest ? configName : (names.get(digest) ?? "")),
      close: async () => {},
    },
  };
}

async function describeLayer(files: Staged, name: string): Promise<{ digest: Digest; mediaType: string }> {
  const hash = new Bun.CryptoHasher("sha256");
  let mediaType: string | undefined;
  for await (const chunk of files.stream(name)) {
    const compression = mediaType === undefined ? detectCompression(chunk) : "none";
    // The specification has no names for others.
    const named = compression === "gzip" || compression === "zstd";
    mediaType ??= named ? `${LAYER_TYPE}+${compression}` : LAYER_TYPE;
    hash.update(chunk);
  }
  return { digest: `sha256:${hash.digest("hex")}` as Digest, mediaType: mediaType ?? LAYER_TYPE };
}

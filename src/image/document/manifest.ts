import { isJsonObject, type JsonObject, optionalString, parseJsonObject, type Refuse, stringMap } from "../../json.ts";
import { ImageError } from "../error.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** The machine that an image was built for (OCI image-spec, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** `v8`, `v7`; empty when there is none. */
  readonly variant: string;
}

/** Points at a blob (OCI image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform?: Platform;
}

/** One image: its configuration and its layers, lowest first. */
export interface ImageManifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Several images, one for each platform. */
export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** Anything else that is kept like an image: a chart, a signature, a policy. It can be kept and removed, not run. */
export interface Artifact {
  readonly kind: "artifact";
  readonly mediaType: string;
  /** Its own artifactType, or else the media type of its config. */
  readonly artifactType: string;
}

export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

/** The media types of manifests that berth reads and asks registries for. */
export const MANIFEST_TYPES: ReadonlyMap<string | undefined, "manifest" | "index"> = new Map([
  [OCI_MANIFEST, "manifest"],
  [OCI_INDEX, "index"],
  [DOCKER_MANIFEST, "manifest"],
  [DOCKER_LIST, "index"],
]);

const CONFIG_TYPES: readonly string[] = [OCI_CONFIG, DOCKER_CONFIG];

/** Whether a blob is the configuration of an image; a manifest with another one is an artifact. */
export function isImageConfig({ mediaType }: Pick<Descriptor, "mediaType">): boolean {
  return CONFIG_TYPES.includes(mediaType);
}

/** Uncompressed, gzip or zstd; the bytes themselves show which. */
const LAYER_TYPES: readonly string[] = [
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
];

/** The suffix of encrypted layers' types (containers/ocicrypt); only OCI types have it. */
const ENCRYPTED = "+encrypted";

/** Whether a layer has to be decrypted before it is decompressed. */
export function isEncrypted({ mediaType }: Pick<Descriptor, "mediaType">): boolean {
  return mediaType.endsWith(ENCRYPTED);
}

/** Layers that are not to be distributed are like any others where they are there (image-spec, layer.md). */
function isLayerType(text: string): boolean {
  const mediaType = text.replace(".layer.nondistributable.v1.", ".layer.v1.").replace(".rootfs.foreign.", ".rootfs.");
  if (!isEncrypted({ mediaType })) return LAYER_TYPES.includes(mediaType);
  const plain = mediaType.slice(0, -ENCRYPTED.length);
  return plain.startsWith("application/vnd.oci.") && LAYER_TYPES.includes(plain);
}

/** Bytes beyond which a manifest is refused unread; registries keep the same limit. */
export const MANIFEST_MAX = 4 * 1024 * 1024;
/** Bytes beyond which a configuration is refused unread. */
export const CONFIG_MAX = 8 * 1024 * 1024;

/**
 * Reads a manifest or index. `servedType` is the registry's Content-Type or the referring descriptor's media type,
 * if there is one; a document that says otherwise of itself, or that could be read both ways, is refused, so that
 * one digest never means two images (CVE-2021-41190).
 * Throws ImageError `bad-manifest`, or `unsupported` for what is well-formed but not an image that berth can run.
 */
export function parseManifest(bytes: Uint8Array, servedType?: string): ImageManifest | ImageIndex {
  const document = parseDocument(bytes, servedType);
  if (document.kind !== "artifact") return document;
  const { mediaType, artifactType } = document;
  throw new ImageError(
    "unsupported",
    !MANIFEST_TYPES.has(mediaType)
      ? `manifest: media type ${mediaType} is not an image`
      : `manifest: its config is ${artifactType}: an artifact, not an image`,
  );
}

/** As parseManifest, for what may also be an artifact. */
export function parseDocument(bytes: Uint8Array, servedType?: string): ImageManifest | ImageIndex | Artifact {
  const refuse: Refuse = (why) => {
    throw new ImageError("bad-manifest", `manifest: ${why}`);
  };
  const json = parseJsonObject(bytes, refuse);
  const mediaType = documentType(json, servedType, refuse);
  const kind = MANIFEST_TYPES.get(mediaType);
  const hasImage = "config" in json || "layers" in json || "fsLayers" in json;
  const hasIndex = "manifests" in json;
  if (hasImage && hasIndex) return refuse("it is an image and an index at the same time");
  if (kind === undefined) return { kind: "artifact", mediaType, artifactType: mediaType };
  if (kind === "manifest") {
    return hasImage ? imageManifest(json, mediaType, refuse) : refuse("an image without config and layers");
  }
  if (!hasIndex) return refuse("an index without manifests");
  return { kind, mediaType, manifests: descriptors(json, "manifests", refuse) };
}

/** The media type that a document has, by its own words and by those of its server. */
function documentType(json: JsonObject, servedType: string | undefined, refuse: Refuse): string {
  const ownType = optionalString(json, "mediaType", refuse);
  if (json.schemaVersion === 1 || /docker\.distribution\.manifest\.v1\+(json|prettyjws)/.test(servedType ?? "")) {
    throw new ImageError("unsupported", "manifest: Docker's schema 1 is not supported; push the image again");
  }
  if (json.schemaVersion !== 2) return refuse("schemaVersion is not 2");
  const servedKind = MANIFEST_TYPES.get(servedType);
  if (ownType !== undefined && servedKind !== undefined && ownType !== servedType) {
    return refuse(`it was served as ${servedType} but says that it is ${ownType}`);
  }
  return ownType ?? (servedKind === undefined ? impliedType(json) : (servedType ?? ""));
}

/**
 * The descriptors in a manifest, index or artifact, of whatever type: the blobs that have to stay with it. Leaves out
 * digests of other algorithms, under which the store has no blobs.
 */
export function referencesIn(bytes: Uint8Array): Descriptor[] {
  const refuse: Refuse = (why) => {
    throw new ImageError("bad-manifest", `manifest: ${why}`);
  };
  const { config, layers, manifests, blobs } = parseJsonObject(bytes, refuse);
  const items = [config, layers, manifests, blobs].flat() as unknown[];
  return items.flatMap((item) => {
    try {
      return [parseDescriptor(item, refuse)];
    } catch (error) {
      if (error instanceof ImageError) return [];
      throw error;
    }
  });
}

/** OCI documents may leave out their own type; then the members decide. */
function impliedType(json: JsonObject): string {
  return "manifests" in json ? OCI_INDEX : OCI_MANIFEST;
}

function imageManifest(json: JsonObject, mediaType: string, refuse: Refuse): ImageManifest | Artifact {
  const config = parseDescriptor(json.config, refuse);
  if (!isImageConfig(config)) {
    const artifactType = optionalString(json, "artifactType", refuse) ?? config.mediaType;
    return { kind: "artifact", mediaType, artifactType };
  }
  const layers = descriptors(json, "layers", refuse);
  for (const layer of layers) {
    if (!isLayerType(layer.mediaType)) {
      throw new ImageError("unsupported", `layer ${layer.digest}: media type ${layer.mediaType} is not supported`);
    }
  }
  return { kind: "manifest", mediaType, config, layers };
}

function descriptors(json: JsonObject, key: string, refuse: Refuse): Descriptor[] {
  const list = json[key];
  if (!Array.isArray(list)) return refuse(`${key} is not an array`);
  return list.map((item: unknown) => parseDescriptor(item, refuse));
}

/** Reads a descriptor; `refuse` throws for what is none. Throws ImageError `bad-digest`. */
export function parseDescriptor(value: unknown, refuse: Refuse): Descriptor {
  if (!isJsonObject(value)) return refuse("a descriptor is not an object");
  const size = value.size;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return refuse("a descriptor without a size");
  const platform = value.platform;
  return {
    mediaType: optionalString(value, "mediaType", refuse) ?? refuse("a descriptor without a media type"),
    digest: parseDigest(value.digest),
    size,
    annotations: stringMap(value, "annotations", refuse),
    ...(isJsonObject(platform) ? { platform: parsePlatform(platform, refuse) } : {}),
  };
}

function parsePlatform(json: JsonObject, refuse: Refuse): Platform {
  return {
    os: optionalString(json, "os", refuse) ?? "",
    architecture: optionalString(json, "architecture", refuse) ?? "",
    variant: optionalString(json, "variant", refuse) ?? "",
  };
}

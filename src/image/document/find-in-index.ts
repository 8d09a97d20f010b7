import { ImageError } from "../error.ts";
import { parseImageConfig } from "./image-config.ts";
import { type Descriptor, type ImageIndex, type ImageManifest, type Platform, parseDocument } from "./manifest.ts";
import { choosePlatform, isForPlatform } from "./platform.ts";

/** How deep indexes may lie in each other. */
const DEPTH_MAX = 4;

/** How many entries without a platform are looked into. */
const UNPLACED_MAX = 32;

/** An image in an index. */
export interface FoundInIndex {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
}

/**
 * Finds the image in an index that suits the platform best, in indexes inside of it as well. Entries that do not say
 * their platform (image-spec, "Image Index": it is optional) are looked into, by their configuration. The caller
 * answers each descriptor that is asked for with its bytes, or undefined where they are not there. Returns undefined if
 * the image that was chosen is not there. Throws ImageError `no-platform`, `unsupported`, `bad-manifest`, `bad-config`.
 */
export function* findInIndex(
  index: ImageIndex,
  wanted: Platform,
  depth = 0,
): Generator<Descriptor, FoundInIndex | undefined, Uint8Array | undefined> {
  if (depth === DEPTH_MAX) throw new ImageError("unsupported", "indexes in each other, too deep");
  let chosen: Descriptor;
  try {
    chosen = choosePlatform(index, wanted);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const found = yield* findUnplaced(index, wanted, depth);
    if (found === undefined) throw error;
    return found;
  }
  const bytes = yield chosen;
  if (bytes === undefined) return undefined;
  const document = parseDocument(bytes, chosen.mediaType);
  if (document.kind === "index") return yield* findInIndex(document, wanted, depth + 1);
  if (document.kind === "manifest") return { descriptor: chosen, manifest: document };
  throw new ImageError("unsupported", `it is an artifact (${document.artifactType}), not an image`);
}

function* findUnplaced(
  { manifests }: ImageIndex,
  wanted: Platform,
  depth: number,
): Generator<Descriptor, FoundInIndex | undefined, Uint8Array | undefined> {
  for (const descriptor of manifests.filter(({ platform }) => platform === undefined).slice(0, UNPLACED_MAX)) {
    const bytes = yield descriptor;
    const document = bytes === undefined ? undefined : parseDocument(bytes, descriptor.mediaType);
    if (document?.kind === "index") {
      try {
        const found = yield* findInIndex(document, wanted, depth + 1);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof ImageError) || error.code !== "no-platform") throw error;
      }
    }
    if (document?.kind !== "manifest") continue;
    const config = yield document.config;
    if (config !== undefined && isForPlatform({ config: parseImageConfig(config) }, wanted))
      return { descriptor, manifest: document };
  }
  return undefined;
}

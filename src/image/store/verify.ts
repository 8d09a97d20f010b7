import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex } from "../document/digest.ts";
import { type ImageConfig, parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, MANIFEST_TYPES, parseDocument, referencesIn } from "../document/manifest.ts";
import { ImageError, reasonOf } from "../error.ts";
import { LayerStore } from "../layer/layer-store.ts";
import { readIndexFile, UNPACKED } from "./index-file.ts";
import { blobPath, readBlob, type StorePaths } from "./layout.ts";

/** Something in the store that is not as it should be. */
export interface StoreProblem {
  /** The image, blob or layer. */
  readonly where: string;
  readonly message: string;
}

/**
 * Reads the whole store: every blob against its digest, every image's manifest, configuration, blobs and layers, and
 * every layer's tree against its record. An empty answer means that all of it is sound. What another process is
 * just pulling is none of its business; blobs and layers that no image refers to (a pull that was cut off, and that
 * the next one will use) are checked but are no problem.
 */
export async function verifyStore(paths: StorePaths): Promise<StoreProblem[]> {
  const layers = new LayerStore(paths.layers);
  const problems = indexProblems(paths, layers);
  for (const { name, digest } of await damagedBlobs(paths))
    problems.push({ where: `blob sha256:${name}`, message: `its bytes are sha256:${digest}` });
  for (const { layer, message } of await layers.verify()) problems.push({ where: `layer ${layer}`, message });
  return problems;
}

/** The blobs whose bytes have another digest than their file's name; digests without `sha256:`. Reads all of them. */
export async function damagedBlobs(paths: StorePaths): Promise<{ readonly name: string; readonly digest: string }[]> {
  const damaged: { name: string; digest: string }[] = [];
  for (const name of existsSync(paths.blobs) ? readdirSync(paths.blobs) : []) {
    const path = join(paths.blobs, name);
    const hash = new Bun.CryptoHasher("sha256");
    // What is no regular file has no bytes: reading it could wait for ever.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true)
      for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
    const digest = hash.digest("hex");
    if (digest !== name) damaged.push({ name, digest });
  }
  return damaged;
}

function indexProblems(paths: StorePaths, layers: LayerStore): StoreProblem[] {
  const seen = new Set<Digest>();
  try {
    const { entries, damaged } = readIndexFile(paths.index);
    return [
      ...damaged.map(({ why }) => ({ where: "index.json", message: `an entry that cannot be read: ${why}` })),
      ...entries.flatMap((entry) =>
        entryProblems(paths, layers, entry, seen).map((message) => ({ where: `image ${entry.digest}`, message })),
      ),
    ];
  } catch (error) {
    return [{ where: "index.json", message: reasonOf(error) }];
  }
}

/**
 * An index may lack any of its images; every other document has to have what it refers to. Indexes that were `seen` are
 * left out: a few of them that name each other many times would take for ever.
 */
function entryProblems(paths: StorePaths, layers: LayerStore, entry: Descriptor, seen: Set<Digest>): string[] {
  if (!MANIFEST_TYPES.has(entry.mediaType)) return sizeProblem(paths, entry);
  try {
    const bytes = readBlob(paths, entry.digest);
    const document = unlessUnsupported(bytes, entry.mediaType);
    if (document?.kind === "index") {
      if (seen.has(entry.digest)) return [];
      seen.add(entry.digest);
      return document.manifests
        .filter(({ digest }) => existsSync(blobPath(paths, digest)))
        .flatMap((inner) => entryProblems(paths, layers, inner, seen));
    }
    const blobs = referencesIn(bytes).flatMap((blob) => sizeProblem(paths, blob));
    if (document?.kind !== "manifest") return blobs;
    return [...blobs, ...layerProblems(layers, parseImageConfig(readBlob(paths, document.config.digest)), entry)];
  } catch (error) {
    return [reasonOf(error)];
  }
}

/** Undefined for an image that berth cannot run, which may be kept all the same. */
function unlessUnsupported(bytes: Uint8Array, mediaType: string) {
  try {
    return parseDocument(bytes, mediaType);
  } catch (error) {
    if (error instanceof ImageError && error.code === "unsupported") return undefined;
    throw error;
  }
}

/** Layers of another tool's image need not be unpacked yet, but for those that others were unpacked on top of. */
function layerProblems(layers: LayerStore, { diffIds }: ImageConfig, entry: Descriptor): string[] {
  const highest = diffIds.findLastIndex((_, at) => layers.has(diffIds.slice(0, at + 1)));
  const expected = entry.annotations[UNPACKED] === undefined ? diffIds.slice(0, highest + 1) : diffIds;
  return layers.missing(expected).map((id) => `layer ${id} is missing`);
}

function sizeProblem(paths: StorePaths, { digest, size, mediaType }: Descriptor): string[] {
  if (/foreign|nondistributable/.test(mediaType)) return [];
  const stats = statSync(blobPath(paths, digest), { throwIfNoEntry: false });
  if (stats === undefined) return [`blob ${digestHex(digest)} is missing`];
  return stats.size === size ? [] : [`blob ${digestHex(digest)} has ${stats.size} bytes instead of ${size}`];
}

import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { failedWith } from "../../error.ts";
import { type Digest, isDigest } from "../document/digest.ts";
import { type Descriptor, MANIFEST_MAX, parseDocument } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import { type IndexEntry, type IndexFile, newEntry, readIndexFile } from "./index-file.ts";
import { blobPath, readBlob, type StorePaths } from "./layout.ts";

/**
 * Reads index.json for a writer, who replaces it next. One that is damaged is set aside as `index.json.damaged`, and
 * every image and index among the blobs has an entry without a name in its place, so that none is lost but its name. To
 * be called under the exclusive state lock. Throws ImageError `store-io`.
 */
export function readOrRescueIndex(paths: StorePaths): IndexFile {
  try {
    return readIndexFile(paths.index);
  } catch (error) {
    if (!failedWith(error, "store-corrupt")) throw error;
    return rescueIndex(paths, { entries: [], damaged: [], json: {} });
  }
}

/**
 * Sets index.json aside as `index.json.damaged`. Returns one without its damaged entries, but with every image and
 * index that no other entry has. To be called under the exclusive state lock.
 */
export function rescueIndex(paths: StorePaths, { entries, json }: IndexFile): IndexFile {
  const known = new Set(entries.map(({ digest }) => digest));
  const lost = nameless(paths).filter(({ digest }) => !known.has(digest));
  // What was set aside before may be a folder, which a rename does not replace.
  rmSync(`${paths.index}.damaged`, { recursive: true, force: true });
  renameSync(paths.index, `${paths.index}.damaged`);
  return { entries: [...entries, ...lost], damaged: [], json };
}

/** Entries of the documents that no other one refers to. */
function nameless(paths: StorePaths): IndexEntry[] {
  const names = existsSync(paths.blobs) ? readdirSync(paths.blobs) : [];
  const found = names.map((name) => `sha256:${name}`).flatMap((digest) => documentOf(paths, digest));
  const inner = new Set(found.flatMap(({ refersTo }) => refersTo));
  return found.flatMap(({ descriptor }) => (inner.has(descriptor.digest) ? [] : [newEntry(descriptor)]));
}

interface FoundDocument {
  readonly descriptor: Descriptor;
  readonly refersTo: readonly Digest[];
}

/** The manifest or index with this digest; none if the blob is something else, or damaged. */
function documentOf(paths: StorePaths, digest: string): FoundDocument[] {
  if (!isDigest(digest) || statSync(blobPath(paths, digest)).size > MANIFEST_MAX) return [];
  try {
    const bytes = readBlob(paths, digest);
    const document = parseDocument(bytes);
    const { mediaType } = document;
    const refersTo = document.kind === "index" ? document.manifests.map((inner) => inner.digest) : [];
    return [{ descriptor: { mediaType, digest, size: bytes.length, annotations: {} }, refersTo }];
  } catch (error) {
    // A layer, a configuration, or a document that is damaged itself.
    if (error instanceof ImageError && error.code !== "store-io") return [];
    throw error;
  }
}

import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { BerthError } from "../../error.ts";
import { isJsonObject } from "../../json.ts";
import { withStateLock } from "../../state/lock.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { type DiffId, type Digest, digestHex, isDigest, parseDiffId } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { isImageConfig, MANIFEST_MAX, MANIFEST_TYPES, referencesIn } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { type KeptLayers, type LayerChain, LayerStore } from "../layer/layer-store.ts";
import { FROM_INDEX, type IndexEntry, type IndexFile, readIndexFile, writeIndexFile } from "./index-file.ts";
import { blobPath, readBlob, type StorePaths } from "./layout.ts";
import { deadWork, keptByOthers } from "./work.ts";

/** The chains of layers (lowest first) that containers have mounted and may not lose. */
export type InUse = () => readonly (readonly string[])[];

/**
 * Takes the entries that `choose` picks (under the lock) out of the index and deletes the blobs and layers that nothing
 * refers to any more: no other entry, no work in progress, no container (`inUse` is called under the lock). Deleting is
 * a rename under the lock, and the slow part comes after it.
 */
export function removeEntries(
  stateDir: string,
  paths: StorePaths,
  choose: (entries: readonly IndexEntry[]) => (entry: IndexEntry) => boolean,
  inUse: InUse,
): void {
  const trash: string[] = [];
  try {
    withStateLock(stateDir, "exclusive", () => {
      const index = readIndexFile(paths.index);
      const goes = choose(index.entries);
      const entries = index.entries.filter((entry) => !goes(entry));
      // Before anything is changed: without knowing what is in use, nothing may be removed.
      const keep = reachable(paths, { ...index, entries }, inUse());
      if (entries.length !== index.entries.length) writeIndexFile(paths.index, { ...index, entries });
      trash.push(...deadWork(paths));
      trash.push(...discardAllBut(keep, paths));
    });
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw withContext("remove from the store", error, "store-io");
  }
  // Without a lock file, what a crash leaves here is swept by sweepWork().
  for (const path of trash) removeTree(path);
}

interface Reachable {
  /** File names. */
  readonly blobs: ReadonlySet<string>;
  readonly layers: KeptLayers;
}

/** Moves what is not kept into a folder, and returns that. */
function discardAllBut({ blobs, layers }: Reachable, paths: StorePaths): string[] {
  mkdirSync(paths.work, { recursive: true, mode: 0o700 });
  const bin = join(paths.work, `trash-${process.pid}-${crypto.randomUUID()}`);
  let moved = 0;
  const discard = (path: string): void => {
    if (moved === 0) mkdirSync(bin, { mode: 0o700 });
    renameSync(path, join(bin, `${moved++}-${basename(path)}`));
  };
  for (const name of existsSync(paths.blobs) ? readdirSync(paths.blobs) : [])
    if (!blobs.has(name)) discard(join(paths.blobs, name));
  new LayerStore(paths.layers).remove(layers, discard);
  return moved > 0 ? [bin] : [];
}

/** What must stay. */
function reachable(
  paths: StorePaths,
  { entries, damaged }: Pick<IndexFile, "entries" | "damaged">,
  inUse: readonly (readonly string[])[],
): Reachable {
  const kept = keptByOthers(paths);
  const blobs = new Set<Digest>(kept);
  const chains: LayerChain[] = inUse.map((layers) => layers.map(parseDiffId));
  const followed = new Set<Digest>();
  const follow = (digest: Digest): void => {
    if (followed.has(digest)) return;
    followed.add(digest);
    blobs.add(digest);
    for (const reference of referencesOf(paths, digest)) {
      if (MANIFEST_TYPES.has(reference.mediaType)) follow(reference.digest);
      else blobs.add(reference.digest);
      if (isImageConfig(reference)) chains.push(...chainOf(paths, reference.digest));
    }
  };
  for (const entry of entries) {
    follow(entry.digest);
    const fromIndex = entry.annotations[FROM_INDEX];
    // The other images of that index were not chosen: what is there of them is not kept for its sake.
    if (isDigest(fromIndex)) blobs.add(fromIndex);
  }
  // An entry that berth cannot read may be sound to the tool that wrote it.
  for (const { json } of damaged) if (isJsonObject(json) && isDigest(json.digest)) follow(json.digest);
  return { blobs: new Set([...blobs].map(digestHex)), layers: { chains, ids: [...kept] as string[] as DiffId[] } };
}

/** What a document refers to; nothing when it is not there (an index may lack some of its images) or damaged. */
function referencesOf(paths: StorePaths, digest: Digest) {
  const stats = statSync(blobPath(paths, digest), { throwIfNoEntry: false });
  if (stats === undefined || stats.size > MANIFEST_MAX) return [];
  return unlessDamaged(() => referencesIn(readBlob(paths, digest)));
}

function chainOf(paths: StorePaths, config: Digest): LayerChain[] {
  return unlessDamaged(() => [parseImageConfig(readBlob(paths, config)).diffIds]);
}

/**
 * A damaged image loses what only it had. A disk that cannot be read now is another matter: nothing is removed then.
 */
function unlessDamaged<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof ImageError && error.code !== "store-io") return [];
    throw error;
  }
}

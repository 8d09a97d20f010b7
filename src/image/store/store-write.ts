import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { withStateLock } from "../../state/lock.ts";
import { noteStopSignals } from "../../state/stop-signals.ts";
import { replaceFile } from "../../system/files.ts";
import { type Digest, digestOf } from "../document/digest.ts";
import type { Descriptor } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { loadImage, type StoredImage } from "./entry-document.ts";
import {
  entryName,
  FROM_INDEX,
  type IndexEntry,
  newEntry,
  REF_NAME,
  withoutName,
  withUnpacked,
  writeIndexFile,
} from "./index-file.ts";
import { blobPath, DURABLE, readBlob, type StorePaths } from "./layout.ts";
import { readOrRescueIndex } from "./rescue-index.ts";
import type { WorkDirectory } from "./work.ts";

/** Makes the empty OCI layout and the other directories, unless they are there. */
export function prepareStore(paths: StorePaths): void {
  try {
    // Images hold setuid programs, old ones too: no other user of the machine may get at them.
    for (const dir of [paths.images, paths.layers]) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      chmodSync(dir, 0o700);
    }
    mkdirSync(paths.blobs, { recursive: true });
    const layout = join(paths.images, "oci-layout");
    if (existsSync(layout) && existsSync(paths.index)) return;
    // Under the lock, so that new files have one name each: the next process overwrites what a killed one has left.
    withStateLock(dirname(paths.images), "exclusive", () => {
      const text = `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`;
      if (!existsSync(layout)) replaceFile(layout, text, { ...DURABLE, temporary: `${layout}.new` });
      if (!existsSync(paths.index)) writeIndexFile(paths.index, { entries: [], damaged: [], json: {} });
    });
  } catch (error) {
    throw withContext(`prepare the store in ${dirname(paths.images)}`, error, "store-io");
  }
}

/** Keeps a small blob that is in memory and has been checked. One that the disk has damaged is replaced. */
export function putBlob(paths: StorePaths, work: WorkDirectory, bytes: Uint8Array): void {
  const digest = digestOf(bytes);
  if (!isSound(paths, digest))
    replaceFile(blobPath(paths, digest), bytes, { ...DURABLE, temporary: work.fresh("blob") });
}

function isSound(paths: StorePaths, digest: Digest): boolean {
  try {
    readBlob(paths, digest);
    return true;
  } catch {
    return false;
  }
}

/** A name and the manifest that it shall mean from now on. */
export interface NewEntry {
  readonly manifest: Descriptor;
  /** Full names; an image may be recorded without any. */
  readonly references: readonly string[];
  /** The index that the manifest was chosen from. */
  readonly fromIndex?: Digest | undefined;
}

/** Puts names into the index. An image that loses its last name stays, nameless, until it is removed. */
export function recordImages(stateDir: string, paths: StorePaths, added: readonly NewEntry[]): void {
  withStateLock(stateDir, "exclusive", () => {
    const index = readOrRescueIndex(paths);
    const entries = withoutIdleNameless(added.reduce(withNames, index.entries));
    writeIndexFile(paths.index, { ...index, entries });
    noteStopSignals({ stateDir }, stopSignalsOf(paths, entries, added));
  });
}

/** The stop signals of new entries by their names; undefined for what is no image. */
function stopSignalsOf(
  paths: StorePaths,
  entries: readonly IndexEntry[],
  added: readonly NewEntry[],
): (readonly [string, string | undefined])[] {
  const names = new Set(added.flatMap(({ references }) => references));
  return entries.flatMap((entry) => {
    const name = entryName(entry);
    return name !== undefined && names.has(name) ? [[name, stopSignalOf(paths, entry)] as const] : [];
  });
}

function stopSignalOf(paths: StorePaths, entry: IndexEntry): string | undefined {
  try {
    return loadImage(paths, entry).config.stopSignal;
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

/** Records at the image's entries that its blobs were compared with its layers and unpacked. */
export function recordUnpacked(
  stateDir: string,
  paths: StorePaths,
  { manifestDigest, index: inIndex = manifestDigest }: Pick<StoredImage, "manifestDigest" | "index">,
): void {
  withStateLock(stateDir, "exclusive", () => {
    const index = readOrRescueIndex(paths);
    const entries = index.entries.map((entry) =>
      entry.digest === inIndex ? withUnpacked(entry, manifestDigest) : entry,
    );
    writeIndexFile(paths.index, { ...index, entries });
  });
}

function withNames(entries: readonly IndexEntry[], { manifest, references, fromIndex }: NewEntry): IndexEntry[] {
  const from: Record<string, string> = fromIndex === undefined ? {} : { [FROM_INDEX]: fromIndex };
  const annotations = { ...manifest.annotations, ...from };
  if (references.length === 0) return [...entries, newEntry({ ...manifest, annotations })];
  const isReplaced = (entry: IndexEntry) => references.includes(entryName(entry) ?? "");
  return [
    ...entries.filter((entry) => !isReplaced(entry)),
    ...[...new Set(references)].map((name) =>
      newEntry({ ...manifest, annotations: { ...annotations, [REF_NAME]: name } }),
    ),
    ...entries.filter(isReplaced).map(withoutName),
  ];
}

/** A nameless entry is kept only while no other entry holds on to the same image. */
function withoutIdleNameless(entries: readonly IndexEntry[]): IndexEntry[] {
  return entries.filter((entry, at) => {
    if (entryName(entry) !== undefined) return true;
    const same = entries.filter((other) => other.digest === entry.digest);
    return (
      same.every((other) => entryName(other) === undefined) &&
      entries.findIndex((other) => other.digest === entry.digest) === at
    );
  });
}

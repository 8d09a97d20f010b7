import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { BerthError } from "../../error.ts";
import { withStateLock } from "../../state/lock.ts";
import { type ReplaceOptions, replaceFile } from "../../system/files.ts";
import { type DiffId, type Digest, digestHex, digestOf, isDigest, parseDiffId } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, parseManifest } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { type KeptLayers, type LayerChain, LayerStore } from "../layer/layer-store.ts";
import { publish } from "../publish.ts";
import { blobPath, FROM_INDEX, formatIndex, REF_NAME, readBlob, readIndex, type StorePaths } from "./layout.ts";
import { deadWork, keptByOthers, type WorkDirectory } from "./work.ts";

/** The index and the layout's version: others may read them, and a power cut leaves the old text or the new. */
const DURABLE: ReplaceOptions = { mode: 0o644, durable: true };

/** Makes the empty OCI layout and the other directories, unless they are there. */
export function prepareStore(paths: StorePaths): void {
  try {
    // Images hold setuid programs, old ones too: no other user of the machine may get at them.
    for (const dir of [paths.images, paths.layers]) {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      chmodSync(dir, 0o700);
    }
    mkdirSync(paths.blobs, { recursive: true });
    const version = join(paths.images, "oci-layout");
    if (!existsSync(version)) replaceFile(version, `${JSON.stringify({ imageLayoutVersion: "1.0.0" })}\n`, DURABLE);
    if (!existsSync(paths.index)) replaceFile(paths.index, formatIndex([]), DURABLE);
  } catch (error) {
    throw withContext(`prepare the store in ${dirname(paths.images)}`, error, "store-io");
  }
}

/** Keeps a small blob that is in memory and has been checked. */
export function putBlob(paths: StorePaths, work: WorkDirectory, bytes: Uint8Array): Digest {
  const digest = digestOf(bytes);
  if (existsSync(blobPath(paths, digest))) return digest;
  const fresh = work.fresh("blob");
  const fd = openSync(fresh, "wx", 0o644);
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  publish(fresh, blobPath(paths, digest));
  return digest;
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
    let entries = [...readIndex(paths)];
    for (const { manifest, references, fromIndex } of added) {
      const from: Record<string, string> = fromIndex === undefined ? {} : { [FROM_INDEX]: fromIndex };
      for (const name of references.length > 0 ? references : [undefined]) {
        const replaced = entries.filter((entry) => name !== undefined && entry.annotations[REF_NAME] === name);
        entries = entries.filter((entry) => !replaced.includes(entry));
        entries.push({ ...manifest, annotations: { ...from, ...(name === undefined ? {} : { [REF_NAME]: name }) } });
        for (const old of replaced) entries.push({ ...old, annotations: {} });
      }
    }
    replaceFile(paths.index, formatIndex(withoutIdleNameless(entries)), DURABLE);
  });
}

/** A nameless entry is kept only while no other entry holds on to the same image. */
function withoutIdleNameless(entries: readonly Descriptor[]): Descriptor[] {
  return entries.filter((entry, at) => {
    if (entry.annotations[REF_NAME] !== undefined) return true;
    const same = entries.filter((other) => other.digest === entry.digest);
    return (
      same.every((other) => other.annotations[REF_NAME] === undefined) &&
      entries.findIndex((other) => other.digest === entry.digest) === at
    );
  });
}

/** The chains of layers (lowest first) that containers have mounted and may not lose. */
export type InUse = () => readonly (readonly string[])[];

/**
 * Takes the entries that `choose` picks (under the lock) out of the index and deletes the blobs and layers that nothing
 * refers to any more: no other image, no work in progress, no container (`inUse` is asked under the lock). Deleting is
 * a rename under the lock, and the slow part comes after it.
 */
export function removeEntries(
  stateDir: string,
  paths: StorePaths,
  choose: (entries: readonly Descriptor[]) => (entry: Descriptor) => boolean,
  inUse: InUse,
): void {
  const trash: string[] = [];
  try {
    withStateLock(stateDir, "exclusive", () => {
      const entries = readIndex(paths);
      const goes = choose(entries);
      const left = entries.filter((entry) => !goes(entry));
      // Before anything is changed: whoever cannot tell what is in use must not remove it.
      const keep = reachable(paths, left, inUse());
      if (left.length !== entries.length) replaceFile(paths.index, formatIndex(left), DURABLE);
      trash.push(...deadWork(paths));
      mkdirSync(paths.work, { recursive: true, mode: 0o700 });
      const bin = join(paths.work, `trash-${process.pid}-${crypto.randomUUID()}`);
      let moved = 0;
      const discard = (path: string): void => {
        if (moved === 0) mkdirSync(bin, { mode: 0o700 });
        renameSync(path, join(bin, `${moved++}-${basename(path)}`));
      };
      for (const name of existsSync(paths.blobs) ? readdirSync(paths.blobs) : [])
        if (!keep.blobs.has(name)) discard(join(paths.blobs, name));
      new LayerStore(paths.layers).remove(keep.layers, discard);
      if (moved > 0) trash.push(bin);
    });
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw withContext("remove from the store", error, "store-io");
  }
  // Without a lock file, what a crash leaves here is swept by the next writer.
  for (const path of trash) rmSync(path, { recursive: true, force: true });
}

/** What must stay: file names of blobs, and layers. */
function reachable(paths: StorePaths, entries: readonly Descriptor[], inUse: readonly (readonly string[])[]) {
  const kept = keptByOthers(paths);
  const blobs = new Set<string>();
  const chains: LayerChain[] = inUse.map((layers) => layers.map(parseDiffId));
  for (const entry of entries) {
    blobs.add(digestHex(entry.digest));
    const fromIndex = entry.annotations[FROM_INDEX];
    if (isDigest(fromIndex)) blobs.add(digestHex(fromIndex));
    const manifest = parseManifest(readBlob(paths, entry.digest), entry.mediaType);
    if (manifest.kind !== "manifest") throw new ImageError("store-corrupt", `${entry.digest} is an index`);
    for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(digestHex(digest));
    chains.push(parseImageConfig(readBlob(paths, manifest.config.digest)).diffIds);
  }
  for (const digest of kept) blobs.add(digestHex(digest));
  const layers: KeptLayers = { chains, ids: [...kept] as string[] as DiffId[] };
  return { blobs, layers };
}

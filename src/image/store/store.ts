import type { ContainerUse } from "../../state/image-use.ts";
import type { DiffId, Digest } from "../document/digest.ts";
import { type Platform, parseManifest } from "../document/manifest.ts";
import { ImageError, reasonOf } from "../error.ts";
import { type LayerStore, openLayers } from "../layer/layer-store.ts";
import { entryId, loadImage, readEntry, type StoredImage } from "./entry-document.ts";
import { findEntry, findInStore, isNamedBy } from "./find-entry.ts";
import { entryName, type IndexEntry, readIndexFile } from "./index-file.ts";
import { readBlob, type StorePaths, storePaths } from "./layout.ts";
import type { StoreProblem } from "./verify.ts";

export type { StoredImage } from "./entry-document.ts";

/** An index in the store that has no image for this machine there. */
export interface StoredIndex {
  /** Full name; empty when it has none. */
  readonly reference: string;
  readonly digest: Digest;
  /** Bytes of the index itself. */
  readonly size: number;
}

/** Everything in the store that people may want to see; artifacts are not among it. */
export interface StoreListing {
  readonly images: readonly StoredImage[];
  readonly indexes: readonly StoredIndex[];
  /** Why entries are not listed. */
  readonly problems: readonly StoreProblem[];
}

export interface RemoveOptions {
  /** Also when containers use the image or it has several names. */
  readonly force?: boolean;
  /** What containers have mounted (`readContainerUse`). */
  readonly uses: () => readonly ContainerUse[];
}

export interface RemovedImage {
  readonly untagged: readonly string[];
  /** The image's ID, when nothing names the image any more. */
  readonly deleted: Digest | undefined;
}

/** The images of one scope. Nothing is opened or kept in memory: every call reads what is on the disk now. */
export class Store {
  readonly paths: StorePaths;
  readonly layers: LayerStore;
  constructor(readonly stateDir: string) {
    this.paths = storePaths(stateDir);
    this.layers = openLayers(stateDir);
  }

  /**
   * The image that a name means: `name:tag`, `name@digest`, a short name, `sha256:` and an image ID, or the first
   * 12 or more digits of one; of an index the image for the platform, by default this machine's. Reads three small
   * files (four with an index); takes no lock. Undefined when there is none. Throws ImageError `bad-reference`,
   * `ambiguous`, `store-corrupt`, `store-io`, `no-platform` for an index without that image, `unsupported` for an
   * artifact.
   */
  resolve(reference: string, platform?: Platform): StoredImage | undefined {
    const entry = this.#find(reference);
    return entry === undefined ? undefined : loadImage(this.paths, entry, platform);
  }

  /** Whether a name means an image or an index, whatever platforms it is for. Throws as {@link resolve}. */
  has(reference: string): boolean {
    const entry = this.#find(reference);
    return entry !== undefined && readEntry(this.paths, entry).kind !== "artifact";
  }

  /** What identifies the thing that a name means to people: an image's ID, or the digest of what is no image. */
  idOf(reference: string): Digest | undefined {
    const entry = this.#find(reference);
    return entry === undefined ? undefined : entryId(this.paths, entry);
  }

  /** Every name in the store, and the images that have lost their names. A damaged entry hides no other. */
  list(): StoredImage[] {
    return [...this.survey().images];
  }

  /** As {@link list}, with what is no image that could be run here. Throws ImageError `store-corrupt`, `store-io`. */
  survey(): StoreListing {
    const { entries, damaged } = readIndexFile(this.paths.index);
    const images: StoredImage[] = [];
    const indexes: StoredIndex[] = [];
    const problems: StoreProblem[] = damaged.map(({ why }) => ({
      where: "index.json",
      message: `index.json has an entry that cannot be read: ${why}`,
    }));
    for (const entry of entries) {
      try {
        const { kind } = readEntry(this.paths, entry);
        if (kind !== "artifact") images.push(loadImage(this.paths, entry));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        const { digest, size } = entry;
        const reference = entryName(entry) ?? "";
        if (error.code === "no-platform") indexes.push({ reference, digest, size });
        else problems.push({ where: reference || digest, message: reasonOf(error) });
      }
    }
    return { images, indexes, problems };
  }

  /**
   * Removes the name of an image, an index or an artifact, and the thing itself with all that nothing else needs when
   * that was its last name. An ID or a digest removes all of its names. `uses` gives what containers have mounted and
   * is called under the store's lock; without `force`, the last name of an image in use is kept (`in-use`); the layers
   * of one are kept in any case. Returns what went: names, and the ID if the image went. Throws ImageError `not-found`,
   * `in-use`.
   */
  async remove(reference: string, options: RemoveOptions): Promise<RemovedImage> {
    const { removeEntries } = await import("./garbage.ts");
    const removed: { untagged: string[]; deleted: Digest | undefined } = { untagged: [], deleted: undefined };
    const choose = (entries: readonly IndexEntry[]): ((entry: IndexEntry) => boolean) => {
      const found = findEntry(this.paths, reference, entries);
      if (found === undefined) throw new ImageError("not-found", `image ${reference} is not in the store`);
      const id = entryId(this.paths, found);
      const same = entries.filter((entry) => entryId(this.paths, entry) === id);
      const goes = isNamedBy(reference, found) ? [found] : same;
      if (options.force !== true) this.#refuseRemoval(reference, same, goes, options.uses);
      if (goes.length === same.length) removed.deleted = id;
      removed.untagged.push(...goes.flatMap((entry) => entryName(entry) ?? []));
      return (entry) => goes.includes(entry);
    };
    removeEntries(this.stateDir, this.paths, choose, () => options.uses().map(({ layers }) => layers));
    return removed;
  }

  /** Throws ImageError `in-use` for what is removed only by force. `same` are all entries of the image. */
  #refuseRemoval(
    reference: string,
    same: readonly IndexEntry[],
    goes: readonly IndexEntry[],
    uses: RemoveOptions["uses"],
  ): void {
    const [found] = goes;
    if (found === undefined || goes.length < same.length) return;
    // A second manifest of the same image may have no name of its own.
    const names = same.flatMap((entry) => entryName(entry) ?? []);
    if (names.length > 1)
      throw new ImageError("in-use", `image ${reference} has several names (${names.join(", ")}): name one, or force`);
    const layers = this.#layersOf(found);
    const users = uses().filter((use) => use.layers.join() === layers?.join());
    if (users.length === 0) return;
    throw new ImageError(
      "in-use",
      `image ${reference} is in use by ${users.map(({ container }) => container).join(", ")}`,
    );
  }

  /** The layers of an entry's image; undefined when it has none that could be in use. */
  #layersOf(entry: IndexEntry): readonly DiffId[] | undefined {
    try {
      return loadImage(this.paths, entry).layers;
    } catch (error) {
      if (error instanceof ImageError && error.code !== "store-io") return undefined;
      throw error;
    }
  }

  /** The images of which `choose` takes every name, and which no container has mounted. */
  unused(choose: (image: StoredImage) => boolean, uses: () => readonly ContainerUse[]): StoredImage[] {
    const images = this.list();
    const mounted = new Set(uses().map(({ layers }) => layers.join()));
    return images.filter((image) => {
      const same = images.filter(({ configDigest }) => configDigest === image.configDigest);
      return same.every(choose) && !mounted.has(image.layers.join());
    });
  }

  /**
   * Removes those of the images that are still unused when it has the state lock, with all that nothing else needs.
   * Returns the IDs of those that went.
   */
  async prune(images: readonly StoredImage[], uses: () => readonly ContainerUse[]): Promise<Digest[]> {
    const { removeEntries } = await import("./garbage.ts");
    const names = new Set(images.map(({ reference, manifestDigest }) => `${reference} ${manifestDigest}`));
    const chosen = ({ reference, manifestDigest }: StoredImage) => names.has(`${reference} ${manifestDigest}`);
    let gone: readonly StoredImage[] = [];
    const choose = () => {
      gone = this.unused(chosen, uses);
      const entries = new Set(gone.map(({ index, manifestDigest }) => index ?? manifestDigest));
      return (entry: IndexEntry) => entries.has(entry.digest);
    };
    removeEntries(this.stateDir, this.paths, choose, () => uses().map(({ layers }) => layers));
    return [...new Set(gone.map(({ configDigest }) => configDigest))];
  }

  /** What is not as it should be; reads everything, so it takes its time. */
  async verify(): Promise<StoreProblem[]> {
    const { verifyStore } = await import("./verify.ts");
    return verifyStore(this.paths);
  }

  /**
   * Takes what is damaged out of the way, so that the next pull or start brings it back whole; what containers have
   * mounted stays. Reads everything. Returns what was done, one sentence each.
   */
  async repair(uses: () => readonly ContainerUse[]): Promise<string[]> {
    const { repairStore } = await import("./repair.ts");
    return repairStore(this.stateDir, this.paths, uses);
  }

  /** Bytes that the image's configuration and layers take in transfer. */
  transferSize(image: StoredImage): number {
    const manifest = parseManifest(readBlob(this.paths, image.manifestDigest));
    if (manifest.kind !== "manifest") return 0;
    return [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
  }

  #find(reference: string): IndexEntry | undefined {
    return findInStore(this.paths, reference);
  }
}

/** The images below a scope's state directory, which need not exist yet. */
export function openStore(stateDir: string): Store {
  return new Store(stateDir);
}

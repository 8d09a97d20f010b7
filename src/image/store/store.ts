import type { ContainerUse } from "../../state/image-use.ts";
import { type DiffId, type Digest, digestHex } from "../document/digest.ts";
import { type ImageConfig, parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, parseManifest } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { type LayerStore, openLayers } from "../layer/layer-store.ts";
import { localCandidates, parseReference, repositoryName } from "../reference.ts";
import { FROM_INDEX, REF_NAME, readBlob, readIndex, type StorePaths, storePaths } from "./layout.ts";

import type { StoreProblem } from "./verify.ts";

/** An image in the store, ready to be run. */
export interface StoredImage {
  /** Full name with tag or digest; empty for an image whose tag has moved on. */
  readonly reference: string;
  readonly manifestDigest: Digest;
  /** The image ID that people see is this digest's hex digits. */
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly DiffId[];
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
   * 12 or more digits of one. Reads three small files; takes no lock. Undefined when there is none.
   * Throws ImageError `bad-reference`, `ambiguous`, `store-corrupt`, `store-io`.
   */
  resolve(reference: string): StoredImage | undefined {
    const entry = this.#find(reference, readIndex(this.paths));
    return entry === undefined ? undefined : this.#load(entry);
  }

  /** Every name in the store, and the images that have lost theirs. */
  list(): StoredImage[] {
    return readIndex(this.paths).map((entry) => this.#load(entry));
  }

  /**
   * Removes an image's name, and the image with all that nothing else needs when that was its last name. An ID or a
   * digest removes all of its names. `uses` tells what containers have mounted and is asked under the state lock;
   * without `force`, the last name of an image in use is kept (`in-use`); the layers of one are kept in any case.
   * Returns what went: names, and the ID if the image went. Throws ImageError `not-found`, `in-use`.
   */
  async remove(reference: string, options: RemoveOptions): Promise<RemovedImage> {
    const { removeEntries } = await import("./store-write.ts");
    const removed: { untagged: string[]; deleted: Digest | undefined } = { untagged: [], deleted: undefined };
    const choose = (entries: readonly Descriptor[]): ((entry: Descriptor) => boolean) => {
      const found = this.#find(reference, entries);
      if (found === undefined) throw new ImageError("not-found", `image ${reference} is not in the store`);
      const image = this.#load(found);
      const same = entries.filter((entry) => this.#manifest(entry).config.digest === image.configDigest);
      const named = localNames(reference).includes(image.reference);
      if (!named && same.length > 1 && options.force !== true) {
        const names = same.map((entry) => entry.annotations[REF_NAME] ?? "").join(", ");
        throw new ImageError("in-use", `image ${reference} has several names (${names}): name one, or force`);
      }
      const goes = named ? same.filter((entry) => entry === found) : same;
      if (goes.length === same.length) {
        const users = options.uses().filter(({ layers }) => layers.join() === image.layers.join());
        if (users.length > 0 && options.force !== true) {
          const names = users.map(({ container }) => container).join(", ");
          throw new ImageError("in-use", `image ${reference} is in use by ${names}`);
        }
        removed.deleted = image.configDigest;
      }
      removed.untagged.push(...goes.flatMap((entry) => entry.annotations[REF_NAME] ?? []));
      return (entry) => goes.includes(entry);
    };
    removeEntries(this.stateDir, this.paths, choose, () => options.uses().map(({ layers }) => layers));
    return removed;
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
    const { removeEntries } = await import("./store-write.ts");
    const names = new Set(images.map(({ reference, manifestDigest }) => `${reference} ${manifestDigest}`));
    const chosen = ({ reference, manifestDigest }: StoredImage) => names.has(`${reference} ${manifestDigest}`);
    let gone: readonly StoredImage[] = [];
    const choose = () => {
      gone = this.unused(chosen, uses);
      const manifests = new Set(gone.map(({ manifestDigest }) => manifestDigest));
      return (entry: Descriptor) => manifests.has(entry.digest);
    };
    removeEntries(this.stateDir, this.paths, choose, () => uses().map(({ layers }) => layers));
    return [...new Set(gone.map(({ configDigest }) => configDigest))];
  }

  /** What is not as it should be; reads everything, so it takes its time. */
  async verify(): Promise<StoreProblem[]> {
    const { verifyStore } = await import("./verify.ts");
    return verifyStore(this.paths);
  }

  /** Bytes that the image's configuration and layers take in transfer. */
  transferSize(image: StoredImage): number {
    const manifest = parseManifest(readBlob(this.paths, image.manifestDigest));
    if (manifest.kind !== "manifest") return 0;
    return [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0);
  }

  #find(text: string, entries: readonly Descriptor[]): Descriptor | undefined {
    const isId = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/.test(text);
    if (!text.startsWith("sha256:") && !/^[0-9a-f]{64}$/.test(text)) {
      for (const name of localCandidates(text)) {
        const named = entries.find((entry) => entry.annotations[REF_NAME] === name);
        if (named !== undefined) return named;
      }
      const byDigest = findByDigest(text, entries);
      if (byDigest !== undefined) return byDigest;
    }
    return isId ? this.#findById(text.replace(/^sha256:/, ""), entries) : undefined;
  }

  #findById(prefix: string, entries: readonly Descriptor[]): Descriptor | undefined {
    const found = new Map<Digest, Descriptor>();
    for (const entry of entries) {
      const id = this.#manifest(entry).config.digest;
      if (digestHex(id).startsWith(prefix) && !found.has(id)) found.set(id, entry);
    }
    if (found.size > 1) throw new ImageError("ambiguous", `image ID ${prefix} means ${found.size} images`);
    const [only] = found.values();
    return only ?? entries.find((entry) => digestHex(entry.digest) === prefix);
  }

  #manifest(entry: Descriptor) {
    const manifest = parseManifest(readBlob(this.paths, entry.digest), entry.mediaType);
    if (manifest.kind === "manifest") return manifest;
    throw new ImageError("store-corrupt", `${entry.digest} is an index, not an image`);
  }

  #load(entry: Descriptor): StoredImage {
    const reference = entry.annotations[REF_NAME] ?? "";
    try {
      const configDigest = this.#manifest(entry).config.digest;
      const config = parseImageConfig(readBlob(this.paths, configDigest));
      return { reference, manifestDigest: entry.digest, configDigest, config, layers: config.diffIds };
    } catch (error) {
      throw withContext(`image ${reference || entry.digest}`, error, "store-corrupt");
    }
  }
}

/** The full names that the text may mean; none when it is an ID. */
function localNames(text: string): string[] {
  return text.startsWith("sha256:") || /^[0-9a-f]{64}$/.test(text) ? [] : localCandidates(text);
}

/** `name@digest` also finds an image that was pulled by tag, by its own digest or by that of its index. */
function findByDigest(text: string, entries: readonly Descriptor[]): Descriptor | undefined {
  const wanted = parseReference(text);
  if (wanted.digest === undefined) return undefined;
  return entries.find((entry) => {
    const name = entry.annotations[REF_NAME];
    if (name === undefined || repositoryName(parseReference(name)) !== repositoryName(wanted)) return false;
    return entry.digest === wanted.digest || entry.annotations[FROM_INDEX] === wanted.digest;
  });
}

/** The images below a scope's state directory, which need not exist yet. */
export function openStore(stateDir: string): Store {
  return new Store(stateDir);
}

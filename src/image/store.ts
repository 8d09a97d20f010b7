import { type DiffId, type Digest, digestHex } from "./digest.ts";
import { ImageError, withContext } from "./error.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import { FROM_INDEX, REF_NAME, readBlob, readIndex, type StorePaths, storePaths } from "./layout.ts";
import { type Descriptor, parseManifest } from "./manifest.ts";
import { localCandidates, parseReference, repositoryName } from "./reference.ts";

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

/** The images of one scope. Nothing is opened or kept in memory: every call reads what is on the disk now. */
export class Store {
  readonly paths: StorePaths;
  constructor(readonly stateDir: string) {
    this.paths = storePaths(stateDir);
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

import type { KeyObject } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../../system/error.ts";
import type { Platform } from "../document/manifest.ts";
import { platformOf } from "../document/platform.ts";
import { ImageError, withContext } from "../error.ts";
import { LAYER_LIMITS, type LayerLimits } from "../layer/limits.ts";
import type { OnProgress } from "../progress.ts";
import { formatReference, isShortName, parseReference } from "../reference.ts";
import type { Store, StoredImage } from "../store/store.ts";
import { openStoreDestination } from "../store/store-destination.ts";
import { prepareStore } from "../store/store-write.ts";
import { openWork } from "../store/work.ts";
import { type NamedSource, type Staged, stageArchive } from "./archive.ts";
import { copyImage, type FoundImage, findImage } from "./copy.ts";
import { DIR_VERSION, dirSource } from "./dir-image.ts";
import { dockerArchiveSources } from "./docker-archive.ts";
import { ociLayoutSources } from "./oci-layout.ts";
import type { ArchivedImage, ArchiveForm } from "./pull-source.ts";

export interface LoadOptions {
  readonly store: Store;
  readonly platform?: Platform;
  /** What it has to be; by default whatever it is. */
  readonly form?: ArchiveForm;
  /** `all` that are in it, the default; the `only` one, and an error if there are several; or one of them. */
  readonly choose?: "all" | "only" | ArchivedImage;
  /** Private keys for encrypted images (`readPrivateKey`). */
  readonly decryptionKeys?: readonly KeyObject[];
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  readonly limits?: LayerLimits;
}

/** A file that may be an archive, a folder with an OCI layout, or an archive that arrives as a stream. */
export type LoadSource = { readonly path: string } | { readonly stream: AsyncIterable<Uint8Array> };

/**
 * Brings the images of an oci-archive, a docker-archive (`docker save`) or an OCI layout in a folder into the store,
 * with every check that a pull makes. Returns them in the archive's order, one for each name. Throws ImageError.
 */
export async function loadImages(source: LoadSource, options: LoadOptions): Promise<StoredImage[]> {
  const { store } = options;
  const signal = options.signal ?? new AbortController().signal;
  const onProgress = options.onProgress ?? (() => {});
  const limits = options.limits ?? LAYER_LIMITS;
  const decryptionKeys = options.decryptionKeys ?? [];
  prepareStore(store.paths);
  const work = openWork(store.stateDir, store.paths);
  try {
    const files = await open(source, work.fresh("archive"), limits, signal);
    const platform = options.platform ?? platformOf(process.arch);
    const images = chosen(await sourcesIn(files, options.form), options.choose ?? "all");
    const found: (FoundImage & NamedSource)[] = [];
    for (const image of images) found.push({ ...image, ...(await findImage(image.source, platform)) });
    const loaded: StoredImage[] = [];
    for (const image of found) {
      const { references } = image;
      const id = image.manifest.config.digest;
      const destination = openStoreDestination({ store, references, limits, decryptionKeys, onProgress, signal });
      await copyImage(image, image.source, destination, { name: references[0] ?? id, onProgress }).finally(() =>
        destination.close(),
      );
      for (const name of references.length > 0 ? references : [id]) {
        const stored = store.resolve(name);
        if (stored === undefined) throw new ImageError("in-use", `${name} was removed while it was loaded`);
        loaded.push(stored);
      }
    }
    return loaded;
  } catch (error) {
    throw withContext(`load ${"path" in source ? source.path : "from standard input"}`, error, "bad-archive");
  } finally {
    work.close();
  }
}

/** What is in an archive or folder, by its looks, which have to be those of the `form` if one is given. */
async function sourcesIn(files: Staged, form: ArchiveForm | undefined): Promise<NamedSource[]> {
  const isDir = files.has("manifest.json") && files.has(DIR_VERSION);
  // Docker writes archives that are both: index.json and manifest.json.
  if (files.has("index.json") && (form === undefined || form.startsWith("oci"))) return ociLayoutSources(files);
  if (isDir && (form === undefined || form === "dir")) return [{ references: [], source: dirSource(files) }];
  const isDocker = files.has("manifest.json") && !isDir;
  if (isDocker && (form === undefined || form === "docker-archive")) return dockerArchiveSources(files);
  const either = "neither an OCI layout (index.json) nor a docker-archive (manifest.json)";
  throw new ImageError("bad-archive", form === undefined ? either : `it is not what ${form}: is for`);
}

/** The images that are wanted; one that is named gets no other name. Throws ImageError `bad-archive`, `not-found`. */
function chosen(images: readonly NamedSource[], choose: "all" | "only" | ArchivedImage): NamedSource[] {
  if (choose === "all") return [...images];
  const names = images.flatMap(({ references }) => references).join(", ");
  if (choose === "only") {
    if (images.length === 1) return [...images];
    throw new ImageError("bad-archive", `it holds ${images.length} images (${names}): put one's name after the path`);
  }
  if ("index" in choose) {
    const image = images[choose.index];
    if (image !== undefined) return [image];
    throw new ImageError("not-found", `it holds ${images.length} images, so there is no @${choose.index}`);
  }
  const wanted = [choose.name, ...(isShortName(choose.name) ? [`localhost/${choose.name}`] : [])].map((name) =>
    formatReference(parseReference(name)),
  );
  for (const image of images) {
    const references = image.references.filter((reference) => wanted.includes(reference));
    if (references.length > 0) return [{ ...image, references }];
  }
  throw new ImageError("not-found", `it holds no ${choose.name} (there is: ${names})`);
}

async function open(source: LoadSource, dir: string, limits: LayerLimits, signal: AbortSignal): Promise<Staged> {
  if ("stream" in source) return stageArchive(source.stream, dir, limits, signal);
  if (!statSync(source.path).isDirectory()) return stageArchive(createReadStream(source.path), dir, limits, signal);
  const at = (name: string): string => join(source.path, name);
  return {
    has: (name) => statSync(at(name), { throwIfNoEntry: false })?.isFile() === true,
    size: (name) => statSync(at(name)).size,
    read: (name, limit) => {
      try {
        if (statSync(at(name)).size > limit) throw new ImageError("too-large", `${name} is longer than ${limit} bytes`);
        return readFileSync(at(name));
      } catch (error) {
        if (isMissing(error)) throw new ImageError("bad-archive", `${name} is missing`);
        throw error;
      }
    },
    stream: (name) => createReadStream(at(name)),
  };
}

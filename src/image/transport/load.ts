import type { KeyObject } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { lacksRegistry } from "../../options/values/image-name.ts";
import type { Platform } from "../document/manifest.ts";
import { platformOf } from "../document/platform.ts";
import { ImageError, withContext } from "../error.ts";
import { LAYER_LIMITS, type LayerLimits } from "../layer/limits.ts";
import type { OnProgress } from "../progress.ts";
import { formatReference, parseReference } from "../reference.ts";
import type { Store, StoredImage } from "../store/store.ts";
import { openStoreDestination } from "../store/store-destination.ts";
import { prepareStore } from "../store/store-write.ts";
import { openWork } from "../store/work.ts";
import type { Trust } from "../trust/administrator.ts";
import type { ImageOrigin } from "../trust/policy.ts";
import type { NamedSource, Staged } from "./archive.ts";
import { copyImage, type FoundImage, findImage } from "./copy.ts";
import { DIR_VERSION, dirSource } from "./dir-image.ts";
import { dockerArchiveSources } from "./docker-archive.ts";
import { ociLayoutSources } from "./oci-layout.ts";
import type { ArchivedImage, ArchiveForm } from "./pull-source.ts";
import { type LoadSource, openStaged } from "./staged-files.ts";

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
  /** What the administrator allows; everything by default. */
  readonly trust?: Trust;
}

/**
 * Brings the images of an oci-archive, a docker-archive (`docker save`) or an OCI layout in a folder into the store,
 * with every check that a pull makes. Returns them in the archive's order, one for each name. Throws ImageError.
 */
export async function loadImages(source: LoadSource, options: LoadOptions): Promise<StoredImage[]> {
  const { store } = options;
  const signal = options.signal ?? new AbortController().signal;
  const limits = options.limits ?? LAYER_LIMITS;
  prepareStore(store.paths);
  const work = openWork(store.stateDir, store.paths);
  try {
    const files = await openStaged(source, work.fresh("archive"), limits, signal);
    // A policy's scopes are folders without links in their paths.
    const name = "path" in source ? realpathSync(source.path) : "";
    options.trust?.checkArchive({ transport: transportOf(files, source), name });
    const images = chosen(await sourcesIn(files, options.form), options.choose ?? "all");
    // Look at all of them before anything changes.
    const found: (FoundImage & NamedSource)[] = [];
    for (const image of images)
      found.push({ ...image, ...(await findImage(image.source, options.platform ?? platformOf(process.arch))) });
    const loaded: StoredImage[] = [];
    for (const image of found) loaded.push(...(await loadOne(image, { ...options, limits, signal })));
    return loaded;
  } catch (error) {
    throw withContext(`load ${"path" in source ? source.path : "from standard input"}`, error, "bad-archive");
  } finally {
    work.close();
  }
}

/** Copies one image into the store. Returns it once for each of its names. */
async function loadOne(
  image: FoundImage & NamedSource,
  options: LoadOptions & { readonly limits: LayerLimits; readonly signal: AbortSignal },
): Promise<StoredImage[]> {
  const { store, onProgress = () => {}, decryptionKeys = [] } = options;
  const { references } = image;
  const names = references.length > 0 ? references : [image.manifest.config.digest];
  const destination = openStoreDestination({ ...options, references, decryptionKeys, onProgress });
  try {
    await copyImage(image, image.source, destination, { name: names[0] ?? "", onProgress });
  } finally {
    await destination.close();
  }
  return names.map((name) => {
    const stored = store.resolve(name);
    if (stored === undefined) throw new ImageError("in-use", `${name} was removed while it was loaded`);
    return stored;
  });
}

/** The transport that podman and skopeo would name: an archive is a file, and a folder is not. */
function transportOf(files: Staged, source: LoadSource): ImageOrigin["transport"] {
  const folder = "path" in source && statSync(source.path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (files.has("index.json")) return folder ? "oci" : "oci-archive";
  return files.has(DIR_VERSION) ? "dir" : "docker-archive";
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
  const wanted = [choose.name, ...(lacksRegistry(choose.name) ? [`localhost/${choose.name}`] : [])].map((name) =>
    formatReference(parseReference(name)),
  );
  for (const image of images) {
    const references = image.references.filter((reference) => wanted.includes(reference));
    if (references.length > 0) return [{ ...image, references }];
  }
  throw new ImageError("not-found", `it holds no ${choose.name} (there is: ${names})`);
}

import { failedWith } from "../../error.ts";
import { isJsonObject, type JsonObject, parseJsonObject, type Refuse } from "../../json.ts";
import { lacksRegistry } from "../../options/values/image-name.ts";
import { isErrno, isMissing } from "../../system/error.ts";
import { replaceFile } from "../../system/files.ts";
import { readRegular } from "../../system/read-bounded.ts";
import type { Digest } from "../document/digest.ts";
import { type Descriptor, OCI_INDEX, parseDescriptor } from "../document/manifest.ts";
import { ImageError, withContext } from "../error.ts";
import { formatReference, parseReferenceIfValid } from "../reference.ts";
import { DURABLE } from "./layout.ts";

/** The annotation by which tools find an image in an OCI layout (image-spec, annotations.md). */
export const REF_NAME = "org.opencontainers.image.ref.name";
/** The digest of the index that an image was chosen from, so that the name with that digest finds it too. */
export const FROM_INDEX = "berth.from-index";
/**
 * Says that berth compared the image's blobs with its layers and unpacked them, so that a layer that is not there has
 * been lost. Entries of other tools lack it until their first use. At an index it has the digests of such images in it.
 */
export const UNPACKED = "berth.unpacked";

/** One entry point of the store: a name and what it means, or what has lost its name. */
export interface IndexEntry extends Descriptor {
  /** The entry as it stands in the file, with members that berth does not use. */
  readonly json: JsonObject;
}

/** The store's index.json (image-spec, image-layout.md). Other tools write it too. */
export interface IndexFile {
  readonly entries: readonly IndexEntry[];
  /** Entries that cannot be read. They hide no other and are written back as they are. */
  readonly damaged: readonly { readonly json: unknown; readonly why: string }[];
  /** The document's other members. */
  readonly json: JsonObject;
}

/** The longest index.json that is read: bytes. A thousand images have one of half a megabyte. */
const INDEX_MAX = 256 * 1024 * 1024;

/** Reads an index.json; empty when there is none. Throws ImageError `store-corrupt`, `store-io`. */
export function readIndexFile(path: string): IndexFile {
  return parseEntries(readIndexJson(path));
}

/** An index.json whose entries have not been looked at. */
export interface IndexJson {
  readonly items: readonly unknown[];
  /** The whole document. */
  readonly json: JsonObject;
}

/** Reads an index.json as JSON; empty when there is none. Throws as {@link readIndexFile}. */
export function readIndexJson(path: string): IndexJson {
  const refuse = (why: string): never => {
    const remedy = "the next pull makes it anew without its names, as `berth verify --repair` does";
    throw new ImageError("store-corrupt", `read ${path}: ${why}; ${remedy}`);
  };
  let bytes: Uint8Array;
  try {
    bytes = readRegular(path, INDEX_MAX);
  } catch (error) {
    if (isMissing(error)) return { items: [], json: {} };
    if (failedWith(error, "not-regular") || isErrno(error, "ELOOP")) return refuse("it is not a regular file");
    throw withContext(`read ${path}`, error, "store-io");
  }
  return parseIndexJson(bytes, refuse);
}

/**
 * Replaces index.json. To be called under the exclusive state lock: the new file has one name until it is renamed, so
 * that the next writer overwrites what a killed one has left.
 */
export function writeIndexFile(path: string, index: IndexFile): void {
  replaceFile(path, formatIndexFile(index), { ...DURABLE, temporary: `${path}.new` });
}

/** `refuse` is called for a file that is no index at all. */
export function parseIndexFile(bytes: Uint8Array, refuse: Refuse): IndexFile {
  return parseEntries(parseIndexJson(bytes, refuse));
}

function parseIndexJson(bytes: Uint8Array, refuse: Refuse): IndexJson {
  const json = parseJsonObject(bytes, refuse);
  if (json.schemaVersion !== 2) return refuse("schemaVersion is not 2");
  if (!Array.isArray(json.manifests)) return refuse("manifests is not an array");
  return { items: json.manifests as unknown[], json };
}

/** All entries, in order. */
export function parseEntries({ items, json }: IndexJson): IndexFile {
  const entries: IndexEntry[] = [];
  const damaged: { json: unknown; why: string }[] = [];
  for (const item of items) {
    try {
      entries.push(parseEntry(item));
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      damaged.push({ json: item, why: error.message });
    }
  }
  return { entries, damaged, json };
}

/**
 * The first entry with the name in this very form; undefined where there is none, or that one cannot be read. The
 * others are not looked at: it takes a hundredth of the time among a thousand.
 */
export function entryNamed({ items }: IndexJson, name: string): IndexEntry | undefined {
  const found = items.find((item) => {
    const annotations = isJsonObject(item) ? item.annotations : undefined;
    return isJsonObject(annotations) && annotations[REF_NAME] === name;
  });
  if (found === undefined) return undefined;
  try {
    return parseEntry(found);
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

function parseEntry(item: unknown): IndexEntry {
  return { ...parseDescriptor(item, refuseEntry), json: isJsonObject(item) ? item : {} };
}

const refuseEntry: Refuse = (why) => {
  throw new ImageError("store-corrupt", why);
};

/** The text of an index.json: all members of all entries as they came, but for annotations that were changed. */
export function formatIndexFile({ entries, damaged, json }: IndexFile): string {
  const manifests = [...entries.map(({ json }) => json), ...damaged.map(({ json }) => json)];
  return `${JSON.stringify({ ...json, schemaVersion: 2, mediaType: OCI_INDEX, manifests }, null, 2)}\n`;
}

/** A new entry for a manifest. */
export function newEntry(descriptor: Descriptor): IndexEntry {
  const { mediaType, digest, size, annotations, platform } = descriptor;
  const entry = { mediaType, digest, size, ...(platform ? { platform: withoutEmpty(platform) } : {}) };
  return withAnnotations({ ...descriptor, json: entry }, annotations);
}

/** Whether the annotation {@link UNPACKED} is there for the entry's image, or for that one in an index. */
export function isUnpacked({ digest, annotations }: Descriptor, manifest: Digest): boolean {
  const text = annotations[UNPACKED];
  return digest === manifest ? text !== undefined : text?.split(" ").includes(manifest) === true;
}

/** The entry with that annotation, and otherwise as it is. */
export function withUnpacked(entry: IndexEntry, manifest: Digest): IndexEntry {
  const { digest, annotations } = entry;
  if (isUnpacked(entry, manifest)) return entry;
  const value = digest === manifest ? "true" : `${annotations[UNPACKED] ?? ""} ${manifest}`.trim();
  return withAnnotations(entry, { ...annotations, [UNPACKED]: value });
}

/** The entry without its name, and otherwise as it is. */
export function withoutName(entry: IndexEntry): IndexEntry {
  const { [REF_NAME]: _, ...annotations } = entry.annotations;
  return withAnnotations(entry, annotations);
}

function withAnnotations(entry: IndexEntry, annotations: Readonly<Record<string, string>>): IndexEntry {
  const { annotations: _, ...json } = entry.json;
  return { ...entry, annotations, json: { ...json, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) } };
}

function withoutEmpty(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== ""));
}

/**
 * The full name of an entry; undefined when it has none. berth writes full names. Another tool's may be short, and then
 * means an image that was made here (`localhost/`), or be no image name at all, and then stands as it is.
 */
export function entryName({ annotations }: Pick<Descriptor, "annotations">): string | undefined {
  const text = annotations[REF_NAME];
  if (text === undefined || text === "") return undefined;
  const reference = parseReferenceIfValid(lacksRegistry(text) ? `localhost/${text}` : text);
  return reference === undefined ? text : formatReference(reference);
}

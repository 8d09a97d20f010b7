import { isImageId } from "../../options/values/image-name.ts";
import { type Digest, digestHex } from "../document/digest.ts";
import { ImageError } from "../error.ts";
import { localCandidates, parseReference, repositoryName } from "../reference.ts";
import { entryId } from "./entry-document.ts";
import {
  entryName,
  entryNamed,
  FROM_INDEX,
  type IndexEntry,
  parseEntries,
  REF_NAME,
  readIndexJson,
} from "./index-file.ts";
import type { StorePaths } from "./layout.ts";

/** {@link findEntry} in the store's index.json. A name that stands there in full costs no look at the others. */
export function findInStore(paths: StorePaths, text: string): IndexEntry | undefined {
  const index = readIndexJson(paths.index);
  if (!isWholeId(text)) {
    // Both come before all that findByName() tries else.
    const named = entryNamed(index, text) ?? entryNamed(index, localCandidates(text)[0] ?? text);
    if (named !== undefined) return named;
  }
  return findEntry(paths, text, parseEntries(index).entries);
}

/**
 * The entry that a text from a user means: a name (`name:tag`, `name@digest`, a short name), an ID with or without
 * `sha256:`, or the first 12 or more digits of one. Throws ImageError `bad-reference`, `ambiguous`, `store-io`.
 */
export function findEntry(paths: StorePaths, text: string, entries: readonly IndexEntry[]): IndexEntry | undefined {
  if (!isWholeId(text)) {
    const named = findByName(text, entries);
    if (named !== undefined) return named;
  }
  const isId = /^(sha256:[0-9a-f]{64}|[0-9a-f]{12,64})$/.test(text);
  return isId ? findById(paths, text.replace(/^sha256:/, ""), entries) : undefined;
}

/** Whether the text is the entry's name, rather than an ID or a digest that leads to it. */
export function isNamedBy(text: string, entry: IndexEntry): boolean {
  if (entry.annotations[REF_NAME] === text) return true;
  return !isWholeId(text) && localCandidates(text).includes(entryName(entry) ?? "");
}

const isWholeId = (text: string): boolean => text.startsWith("sha256:") || isImageId(text);

function findByName(text: string, entries: readonly IndexEntry[]): IndexEntry | undefined {
  const asWritten = entries.find((entry) => entry.annotations[REF_NAME] === text);
  if (asWritten !== undefined) return asWritten;
  for (const name of localCandidates(text)) {
    const named =
      entries.find((entry) => entry.annotations[REF_NAME] === name) ??
      entries.find((entry) => entryName(entry) === name);
    if (named !== undefined) return named;
  }
  return findByDigest(text, entries);
}

/** `name@digest` also finds an image that was pulled by tag, by its own digest or by that of its index. */
function findByDigest(text: string, entries: readonly IndexEntry[]): IndexEntry | undefined {
  const wanted = parseReference(text);
  if (wanted.digest === undefined) return undefined;
  return entries.find((entry) => {
    if (entry.digest !== wanted.digest && entry.annotations[FROM_INDEX] !== wanted.digest) return false;
    const name = entryName(entry);
    return name !== undefined && isOf(name, repositoryName(wanted));
  });
}

function isOf(name: string, repository: string): boolean {
  return name.startsWith(repository) && /^[:@]/.test(name.slice(repository.length));
}

function findById(paths: StorePaths, prefix: string, entries: readonly IndexEntry[]): IndexEntry | undefined {
  const found = new Map<Digest, IndexEntry>();
  for (const entry of entries) {
    const id = entryId(paths, entry);
    if (digestHex(id).startsWith(prefix) && !found.has(id)) found.set(id, entry);
  }
  if (found.size > 1) throw new ImageError("ambiguous", `image ID ${prefix} means ${found.size} images`);
  const [only] = found.values();
  return only ?? entries.find((entry) => digestHex(entry.digest) === prefix);
}

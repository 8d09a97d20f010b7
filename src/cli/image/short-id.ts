import { digestHex } from "../../image/document/digest.ts";
import { ImageError } from "../../image/error.ts";
import type { Store } from "../../image/store/store.ts";

/** What a person may type of an ID; fewer would be names more often, and 12 or more the store finds by itself. */
const FEW_DIGITS = /^[0-9a-f]{3,11}$/;

/**
 * The ID that a few of its first digits mean, where no image has that name; any other word as it is. A start takes
 * 12 digits, since a shorter word may be a name to pull. Throws ImageError `ambiguous`.
 */
export function completeId(store: Store, word: string): string {
  if (!FEW_DIGITS.test(word) || store.has(word)) return word;
  const ids = new Set(store.list().map(({ configDigest }) => digestHex(configDigest)));
  const meant = [...ids].filter((id) => id.startsWith(word));
  if (meant.length > 1) throw new ImageError("ambiguous", `image ID ${word} means ${meant.length} images`);
  return meant[0] ?? word;
}

import { IMAGE_NAME_PARTS } from "../../options/values/image-name.ts";
import { ImageError } from "../error.ts";

declare const digestBrand: unique symbol;
declare const diffIdBrand: unique symbol;

/** `sha256:` and 64 lower-case hex digits: the digest of a blob as it is stored and transferred. */
export type Digest = string & { readonly [digestBrand]: true };
/** `sha256:` and 64 lower-case hex digits: the digest of a layer's uncompressed tar stream. */
export type DiffId = string & { readonly [diffIdBrand]: true };

/** Whether the text is a digest that berth can check: sha256, the only algorithm in use by registries. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && IMAGE_NAME_PARTS.digest.test(text);
}

/** The digest in the text; ImageError `bad-digest` otherwise (unknown algorithm, upper case, wrong length). */
export function parseDigest(text: unknown): Digest {
  if (!isDigest(text)) throw new ImageError("bad-digest", `not a sha256 digest: ${JSON.stringify(text)}`);
  return text;
}

/** As parseDigest, for the digest of an uncompressed layer. */
export function parseDiffId(text: unknown): DiffId {
  return parseDigest(text) as string as DiffId;
}

/** The 64 hex digits: a file name, and the image ID that people see. */
export function digestHex(digest: Digest | DiffId): string {
  return digest.slice("sha256:".length);
}

/** The digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
}

/**
 * Identifies a layer together with everything below it (OCI image specification, "Layer ChainID"), one for each
 * layer, lowest first.
 */
export function chainIds(layers: readonly DiffId[]): DiffId[] {
  const chain: DiffId[] = [];
  for (const layer of layers) {
    const below = chain.at(-1);
    chain.push(below === undefined ? layer : (digestOf(`${below} ${layer}`) as string as DiffId));
  }
  return chain;
}

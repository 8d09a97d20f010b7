import { withContext } from "../error.ts";
import { parseReference, repositoryName } from "../reference.ts";
import type { StoredImage } from "../store/store.ts";
import { type EnsureOptions, ensureImage } from "./ensure-image.ts";
import { connectTo } from "./registry-source.ts";

/** Brings every tag of an image's repository into the store, one after the other. Throws ImageError. */
export async function pullAllTags(reference: string, options: EnsureOptions): Promise<StoredImage[]> {
  const repository = repositoryName(parseReference(reference));
  const images: StoredImage[] = [];
  for (const tag of await listTags(reference, options)) images.push(await ensureImage(`${repository}:${tag}`, options));
  return images;
}

async function listTags(reference: string, { store, pulling }: EnsureOptions): Promise<string[]> {
  const options = { ...(await pulling()), store };
  const wanted = parseReference(reference);
  options.trust?.checkRegistry(wanted);
  const connection = await connectTo(wanted, options, options.signal ?? new AbortController().signal);
  try {
    return await connection.client.tags();
  } catch (error) {
    throw withContext(`list the tags of ${repositoryName(wanted)}`, error, "registry");
  } finally {
    await connection.close();
  }
}

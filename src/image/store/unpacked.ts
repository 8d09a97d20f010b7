import type { Store, StoredImage } from "./store.ts";

/** Whether the image's layers are there, and are those that its manifest names. */
export function isUnpacked(store: Store, image: StoredImage): boolean {
  return image.unproven === undefined && store.layers.missing(image.layers).length === 0;
}

/**
 * The image of the store that a name means, ready to be mounted: one that another tool has put there as blobs alone is
 * unpacked first. Undefined when there is none. Throws ImageError.
 */
export async function unpackedImage(store: Store, name: string): Promise<StoredImage | undefined> {
  const image = store.resolve(name);
  if (image === undefined || isUnpacked(store, image)) return image;
  const { unpackImage } = await import("./unpack-image.ts");
  await unpackImage(image, { store });
  return image;
}

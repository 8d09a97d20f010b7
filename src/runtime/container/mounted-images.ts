import type { DiffId } from "../../image/document/digest.ts";
import { openStore } from "../../image/store/store.ts";
import { unpackedImage } from "../../image/store/unpacked.ts";
import type { MountRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";

/**
 * The layers, lowest first, of the images to mount besides the container's own, by name. Those that are there as blobs
 * alone are unpacked. Throws "image-not-found", ImageError.
 */
export async function mountedImages(
  scope: Scope,
  mounts: readonly MountRequest[],
): Promise<Map<string, readonly DiffId[]>> {
  const found = new Map<string, readonly DiffId[]>();
  for (const mount of mounts) {
    if (mount.type !== "image" || found.has(mount.image)) continue;
    const image = await unpackedImage(openStore(scope.stateDir), mount.image);
    if (image === undefined)
      throw new RuntimeError("image-not-found", `mount image ${mount.image}: it is not in the store, pull it first`);
    found.set(mount.image, image.layers);
  }
  return found;
}

/** The names of the named volumes among the mounts. */
export function mountedVolumes(mounts: readonly MountRequest[]): string[] {
  return mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : []));
}

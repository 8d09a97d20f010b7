import type { DiffId } from "../../image/document/digest.ts";
import { openStore } from "../../image/store/store.ts";
import type { MountRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";

/** The layers, lowest first, of the images to mount besides the container's own, by name. Throws "image-not-found". */
export function mountedImages(scope: Scope, mounts: readonly MountRequest[]): Map<string, readonly DiffId[]> {
  const names = mounts.flatMap((mount) => (mount.type === "image" ? [mount.image] : []));
  return new Map(
    names.map((name) => {
      const image = openStore(scope.stateDir).resolve(name);
      if (image === undefined)
        throw new RuntimeError("image-not-found", `mount image ${name}: it is not in the store, pull it first`);
      return [name, image.layers] as const;
    }),
  );
}

/** The names of the named volumes among the mounts. */
export function mountedVolumes(mounts: readonly MountRequest[]): string[] {
  return mounts.flatMap((mount) => (mount.type === "volume" ? [mount.name] : []));
}

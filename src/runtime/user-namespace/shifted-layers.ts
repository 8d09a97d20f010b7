import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { ContainerPaths } from "../../state/paths.ts";
import { mountShifted } from "../../system/idmapped-mount.ts";
import { detachMount } from "../../system/mount.ts";
import type { UserNamespace } from "./make-namespace.ts";
import { shiftedCopy } from "./shifted-copy.ts";

/** An image's layers with owners shifted into a user namespace. */
export interface ShiftedLayers {
  /** Lowest first. Those that are mounts are in this thread's mount namespace. */
  readonly directories: readonly string[];
  /** Unmounts them. An overlay made of them keeps them. */
  readonly release: () => void;
}

/**
 * Shifts the owners of an image's trees (lowest first) to the container's own ids: by id-mapped mounts, which cost
 * nothing, or by copies, kept beside the layers, if the kernel makes none (for a user's namespace, or an old kernel).
 */
export function shiftLayers(paths: ContainerPaths, layers: readonly string[], namespace: UserNamespace): ShiftedLayers {
  mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(paths.bundle, "lower-"));
  const mounted: string[] = [];
  // An image may have no layer at all, but root owns its root.
  const trees = layers.length > 0 ? layers : [emptyTree(paths)];
  const directories = trees.map((tree, index) => {
    const place = join(folder, `${index}`);
    mkdirSync(place, { recursive: true });
    // If one is refused, all are: they lie on the same file system.
    if (mounted.length < index || !mountShifted(tree, place, namespace.fd)) return shiftedCopy(tree, namespace.maps);
    mounted.push(place);
    return place;
  });
  return { directories, release: () => mounted.forEach(detachMount) };
}

function emptyTree(paths: ContainerPaths): string {
  const path = join(paths.bundle, "nothing", "tree");
  mkdirSync(path, { recursive: true });
  return path;
}

import { renameSync } from "node:fs";
import { join } from "node:path";
import { failedWith } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { withStateLock } from "../../state/lock.ts";
import { hasVolume, type Volume, volumePaths } from "../../state/volume-record.ts";
import { detachBelow } from "../../system/mount-table.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { RuntimeError } from "../error.ts";
import { makeUnfinished, sweepUnfinished } from "./unfinished-folder.ts";
import { requireUnused, volumeUses } from "./volume-use.ts";

/**
 * Removes a volume with its content. It leaves the store in one step, and is deleted then. Whatever is mounted on it is
 * unmounted, never deleted. A damaged description is no hindrance. Throws "volume-in-use" when a container uses it,
 * "no-such-volume", and "newer-record".
 */
export function removeVolume(scope: Scope, name: string): void {
  const place = volumePaths(scope, name);
  const { dir, lock } = withStateLock(scope.stateDir, "exclusive", () => {
    if (!hasVolume(scope, name)) throw new RuntimeError("no-such-volume", `no such volume: ${name}`);
    requireUnused(scope, name);
    detachBelow(place.dir);
    const gone = makeUnfinished(scope, "gone");
    renameSync(place.dir, join(gone.dir, name));
    return gone;
  });
  try {
    removeTree(dir);
  } finally {
    lock.close();
  }
}

/** The volumes that no container uses now, among them those of stopped services, which have no container. */
export function unusedVolumes(scope: Scope, volumes: readonly Volume[]): Volume[] {
  const uses = withStateLock(scope.stateDir, "shared", () => volumeUses(scope));
  return volumes.filter(({ name }) => !uses.has(name));
}

/** Removes those of the volumes that still exist and are unused. Returns their names. */
export function pruneVolumes(scope: Scope, volumes: readonly Volume[]): string[] {
  sweepUnfinished(scope);
  return volumes.flatMap(({ name }) => {
    try {
      removeVolume(scope, name);
      return [name];
    } catch (error) {
      if (failedWith(error, "volume-in-use", "no-such-volume")) return [];
      throw error;
    }
  });
}

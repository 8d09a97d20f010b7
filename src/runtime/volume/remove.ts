import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { failedWith } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { lockNew, openLockFolder, withStateLock } from "../../state/lock.ts";
import { volumesDir } from "../../state/paths.ts";
import { readVolume, type Volume, volumePaths } from "../../state/volume-record.ts";
import { detachBelow } from "../../system/mount-table.ts";
import { RuntimeError } from "../error.ts";
import { REMOVED, sweepUnfinished } from "./create.ts";
import { volumeUses } from "./volume-use.ts";

/**
 * Removes a volume with everything in it. It goes out of the store in one step, and is then deleted. What is mounted on
 * it is unmounted, never deleted. Throws "volume-in-use" when a container uses it, "no-such-volume".
 */
export function removeVolume(scope: Scope, name: string): void {
  const place = volumePaths(scope, name);
  const { dir, lock } = withStateLock(scope.stateDir, "exclusive", () => {
    if (readVolume(scope, name) === undefined) throw new RuntimeError("no-such-volume", `no such volume: ${name}`);
    const users = volumeUses(scope).get(name) ?? [];
    if (users.length > 0) {
      const names = users.map((record) => record.name).join(", ");
      throw new RuntimeError("volume-in-use", `volume ${name} is in use by ${names}`);
    }
    detachBelow(place.dir);
    const dir = mkdtempSync(join(volumesDir(scope), REMOVED));
    const lock = lockNew("volume folder", openLockFolder(dir));
    renameSync(place.dir, join(dir, name));
    return { dir, lock };
  });
  try {
    rmSync(dir, { recursive: true, force: true });
  } finally {
    lock.close();
  }
}

/** The volumes that no container uses now. A service that is stopped has no container: its volumes are among them. */
export function unusedVolumes(scope: Scope, volumes: readonly Volume[]): Volume[] {
  const uses = withStateLock(scope.stateDir, "shared", () => volumeUses(scope));
  return volumes.filter(({ name }) => !uses.has(name));
}

/** Removes those of the volumes that are still there and unused. Returns their names. */
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

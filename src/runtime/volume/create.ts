import { chmodSync, chownSync, existsSync, fsyncSync, mkdirSync, renameSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { volumesDir } from "../../state/paths.ts";
import { pathsIn, readVolume, type Volume, volumePaths, writeVolume } from "../../state/volume-record.ts";
import { isErrno } from "../../system/error.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { RuntimeError } from "../error.ts";
import { beginFolder } from "./unfinished-folder.ts";

/**
 * Adds a volume to the store, complete or not at all. `fill` writes content to its empty folder. Returns false if the
 * name is taken: of several processes that create the same volume at once, one wins. Throws what `fill` throws.
 */
export function createVolume(scope: Scope, volume: Volume, fill: (data: string) => void = () => {}): boolean {
  const place = volumePaths(scope, volume.name);
  // Other users may neither run set-uid programs in a volume nor see its content.
  mkdirSync(volumesDir(scope), { recursive: true, mode: 0o711 });
  if (isTaken(scope, volume.name)) return false;
  const { dir, lock } = beginFolder(scope);
  const paths = pathsIn(dir);
  try {
    mkdirSync(paths.data);
    chmodSync(paths.data, 0o755);
    if (volume.uid !== 0 || volume.gid !== 0) giveTo(paths.data, volume);
    fill(paths.data);
    writeVolume(paths, volume);
    fsyncSync(lock.fd);
    // An empty folder is replaced, one with a volume in it is not (rename(2)).
    renameSync(paths.dir, place.dir);
    return true;
  } catch (error) {
    removeTree(paths.dir);
    if (isErrno(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  } finally {
    lock.close();
  }
}

/**
 * Whether there is a volume of that name. Removes what a berth without descriptions began and did not finish: any other
 * files in the folder stay, and make the rename fail.
 */
function isTaken(scope: Scope, name: string): boolean {
  const { dir, unfinished } = volumePaths(scope, name);
  if (readVolume(scope, name) !== undefined) return true;
  if (existsSync(dir)) removeTree(unfinished);
  return false;
}

function giveTo(path: string, { uid, gid }: Volume): void {
  try {
    chownSync(path, uid, gid);
  } catch (cause) {
    const hint = "a user has only the ids of /etc/subuid and /etc/subgid";
    throw new RuntimeError("volume", `give the volume to ${uid}:${gid} (${hint})`, { cause });
  }
}

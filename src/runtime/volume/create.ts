import { chmodSync, chownSync, existsSync, fsyncSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type HeldLock, lockNew, openLockFolder, tryLock, withStateLock } from "../../state/lock.ts";
import type { LockName } from "../../state/lock-order.ts";
import { volumesDir } from "../../state/paths.ts";
import { isVolumeName, pathsIn, readVolume, type Volume, volumePaths, writeVolume } from "../../state/volume-record.ts";
import { isErrno, isMissing } from "../../system/error.ts";
import { listIfThere } from "../../system/files.ts";
import { RuntimeError } from "../error.ts";

/** Folders in the making, and those on their way out. No volume is called so: names begin with a letter or a digit. */
const UNFINISHED = ".new-";
export const REMOVED = ".gone-";

/**
 * Puts a volume into the store, complete or not at all. `fill` puts content in its empty folder. Returns false if the
 * name is taken: of several that make the same volume at once, one wins. Throws what `fill` throws.
 */
export function createVolume(scope: Scope, volume: Volume, fill: (data: string) => void = () => {}): boolean {
  const place = volumePaths(scope, volume.name);
  // Set-uid programs in a volume are not for other users to run, and neither is what lies there theirs to see.
  mkdirSync(volumesDir(scope), { recursive: true, mode: 0o711 });
  if (isTaken(scope, volume.name)) return false;
  sweepUnfinished(scope);
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
    rmSync(paths.dir, { recursive: true, force: true });
    if (isErrno(error, "ENOTEMPTY", "EEXIST")) return false;
    throw error;
  } finally {
    lock.close();
  }
}

/** Also true of what a version of berth without descriptions began and did not finish: that is put right here. */
function isTaken(scope: Scope, name: string): boolean {
  const place = volumePaths(scope, name);
  if (readVolume(scope, name) !== undefined) return true;
  if (existsSync(place.dir)) {
    rmSync(place.unfinished, { recursive: true, force: true });
    // Not empty: somebody else's files, which stay; the rename tells.
  }
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

/** A folder that nobody sweeps away while its lock is held: it has none only where nobody looks. */
export function beginFolder(scope: Scope): { dir: string; lock: HeldLock } {
  return withStateLock(scope.stateDir, "shared", () => {
    const dir = mkdtempSync(join(volumesDir(scope), UNFINISHED));
    return { dir, lock: lockNew("volume folder", openLockFolder(dir)) };
  });
}

/** Removes what a process that was killed left in the making or on its way out; whoever still works holds a lock. */
export function sweepUnfinished(scope: Scope): void {
  const names = listIfThere(volumesDir(scope)).filter((name) => [UNFINISHED, REMOVED].some((p) => name.startsWith(p)));
  if (names.length === 0) return;
  const abandoned = withStateLock(scope.stateDir, "exclusive", () =>
    names.flatMap((name) => {
      const path = join(volumesDir(scope), name);
      const lock = lockIfFree("volume folder", path);
      return lock === undefined ? [] : [{ path, lock }];
    }),
  );
  for (const { path, lock } of abandoned) {
    try {
      rmSync(path, { recursive: true, force: true });
    } finally {
      lock.close();
    }
  }
}

/** Removes what was being copied into volumes by processes that were killed. The next container would begin anew. */
export function sweepHalfFilled(scope: Scope): void {
  for (const name of listIfThere(volumesDir(scope)).filter(isVolumeName)) {
    const { dir, unfinished } = volumePaths(scope, name);
    if (!existsSync(unfinished)) continue;
    const lock = lockIfFree("volume", dir);
    if (lock === undefined) continue;
    try {
      rmSync(unfinished, { recursive: true, force: true });
    } finally {
      lock.close();
    }
  }
}

/** Undefined when somebody holds the lock, or the folder has gone. */
function lockIfFree(name: LockName, path: string): HeldLock | undefined {
  let fd: number;
  try {
    fd = openLockFolder(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return tryLock(name, fd);
}

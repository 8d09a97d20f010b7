import { existsSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type HeldLock, lockNew, openLockFolder, tryLock, withStateLock } from "../../state/lock.ts";
import type { LockName } from "../../state/lock-order.ts";
import { volumesDir } from "../../state/paths.ts";
import { isVolumeName, volumePaths } from "../../state/volume-record.ts";
import { isMissing } from "../../system/error.ts";
import { listIfThere } from "../../system/files.ts";
import { removeTree } from "../../system/remove-tree.ts";

/** How the names of unfinished folders begin, among the volumes, whose names begin with a letter or a digit. */
const PREFIXES = { new: ".new-", gone: ".gone-" } as const;

/** A folder for a volume that is being made, or removed. sweepUnfinished() leaves it alone while its lock is held. */
export interface UnfinishedFolder {
  readonly dir: string;
  readonly lock: HeldLock;
}

/**
 * Makes an unfinished folder. The caller holds the state lock, or sweepUnfinished() could remove it before it is
 * locked.
 */
export function makeUnfinished(scope: Scope, kind: keyof typeof PREFIXES): UnfinishedFolder {
  const dir = mkdtempSync(join(volumesDir(scope), PREFIXES[kind]));
  return { dir, lock: lockNew("volume folder", openLockFolder(dir)) };
}

/** Makes a folder for a new volume. */
export function beginFolder(scope: Scope): UnfinishedFolder {
  return withStateLock(scope.stateDir, "shared", () => makeUnfinished(scope, "new"));
}

/** Removes the unfinished folders of processes that were killed; a process still at work holds the folder's lock. */
export function sweepUnfinished(scope: Scope): void {
  const prefixes = Object.values(PREFIXES);
  const names = listIfThere(volumesDir(scope)).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
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
      removeTree(path);
    } finally {
      lock.close();
    }
  }
}

/** Removes partial copies in volumes, of processes that were killed. The next container would begin anew. */
export function sweepHalfFilled(scope: Scope): void {
  for (const name of listIfThere(volumesDir(scope)).filter(isVolumeName)) {
    const { dir, unfinished } = volumePaths(scope, name);
    if (!existsSync(unfinished)) continue;
    const lock = lockIfFree("volume", dir);
    if (lock === undefined) continue;
    try {
      removeTree(unfinished);
    } finally {
      lock.close();
    }
  }
}

/** The lock of a folder; undefined when another process holds it, or the folder is gone. */
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

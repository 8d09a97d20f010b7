import { mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldLock, lockNew, tryLock, withStateLock } from "../../state/lock.ts";
import { isErrno, isMissing } from "../../system/error.ts";
import { readRegular } from "../../system/read-bounded.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { type Digest, isDigest } from "../document/digest.ts";
import { withContext } from "../error.ts";
import type { StorePaths } from "./layout.ts";

/**
 * A private directory for work in progress, on the store's file system. It is alive as long as its process holds
 * the flock(2) on the file inside it; after a crash sweepWork() finds it unlocked and removes it.
 */
export interface WorkDirectory {
  readonly path: string;
  /** A new path in it. */
  fresh(prefix: string): string;
  /** Blobs and layers (digests, diffIDs) that must not be collected while this work goes on. */
  keep(digests: readonly string[]): void;
  /** Removes the directory and its content. */
  close(): void;
}

const LOCK = "lock";
const KEEP = "keep";

/** The longest list that is read: bytes. */
const KEEP_MAX = 16 * 1024 * 1024;

export function openWork(stateDir: string, paths: StorePaths): WorkDirectory {
  try {
    // Under the state lock: a sweep must not see a directory that is not locked yet.
    return withStateLock(stateDir, "exclusive", () => {
      mkdirSync(paths.work, { recursive: true, mode: 0o700 });
      const path = join(paths.work, `${process.pid}-${crypto.randomUUID()}`);
      mkdirSync(path, { mode: 0o700 });
      return workDirectory(stateDir, path, lockNew("work", openSync(join(path, LOCK), "wx", 0o600)));
    });
  } catch (error) {
    throw withContext(`make a work directory in ${paths.work}`, error, "store-io");
  }
}

function workDirectory(stateDir: string, path: string, lock: HeldLock): WorkDirectory {
  let count = 0;
  const kept = new Set<string>();
  return {
    path,
    fresh: (prefix) => join(path, `${prefix}-${count++}`),
    keep(digests) {
      for (const digest of digests) kept.add(digest);
      // The lock orders this before or after a whole collection, never into the middle of one.
      withStateLock(stateDir, "shared", () => writeFileSync(join(path, KEEP), [...kept].join("\n")));
    },
    close() {
      removeTree(path);
      lock.close();
    },
  };
}

/**
 * Removes the work directories of dead processes. That may take long, so no start of a container does it. Throws
 * ImageError `store-io`.
 */
export function sweepWork(stateDir: string, paths: StorePaths): void {
  try {
    if (workNames(paths).length === 0) return;
    for (const path of withStateLock(stateDir, "exclusive", () => deadWork(paths))) removeTree(path);
  } catch (error) {
    throw withContext(`sweep ${paths.work}`, error, "store-io");
  }
}

/** The blobs and layers on the `keep` lists of living processes. Call under the state lock. */
export function keptByOthers(paths: StorePaths): Set<Digest> {
  const kept = new Set<Digest>();
  for (const name of workNames(paths)) {
    const path = join(paths.work, name);
    if (isDead(path)) continue;
    let text = "";
    try {
      text = readRegular(join(path, KEEP), KEEP_MAX).toString();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    for (const line of text.split("\n")) if (isDigest(line)) kept.add(line);
  }
  return kept;
}

/** The work directories of dead processes. Call under the state lock; the caller removes them, also after it. */
export function deadWork(paths: StorePaths): string[] {
  return workNames(paths)
    .map((name) => join(paths.work, name))
    .filter(isDead);
}

function workNames(paths: StorePaths): string[] {
  try {
    return readdirSync(paths.work);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isDead(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(join(path, LOCK), "r+");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return true;
    throw error;
  }
  const lock = tryLock("work", fd);
  lock?.close();
  return lock !== undefined;
}

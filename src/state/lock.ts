import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { lockFile, tryLockFile } from "../system/lock.ts";
import { StateError } from "./error.ts";
import { checkWaiting, type Hold, type LockName, recordLock } from "./lock-order.ts";

/** A lock of LOCKS that this process holds, until close() or its end. */
export interface HeldLock {
  readonly fd: number;
  close(): void;
}

/** Waits for a lock on an open file, which is closed with it, or if it cannot be had. Throws "syscall". */
export function takeLock(name: LockName, fd: number, how: Hold = "exclusive"): HeldLock {
  try {
    checkWaiting(name, how);
    lockFile(fd, how);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return heldLock(name, fd, how);
}

/** The same without waiting: undefined if another process has the lock. */
export function tryLock(name: LockName, fd: number): HeldLock | undefined {
  if (tryLockFile(fd, "exclusive")) return heldLock(name, fd, "exclusive");
  closeSync(fd);
  return undefined;
}

/** The same for a file or folder that this process has just made, and nobody else can have locked yet. */
export function lockNew(name: LockName, fd: number): HeldLock {
  lockFile(fd, "exclusive");
  return heldLock(name, fd, "exclusive");
}

/** Runs `work` under a lock on an open file, which is closed afterwards. */
export function withLock<T>(name: LockName, fd: number, how: Hold, work: () => T): T {
  const lock = takeLock(name, fd, how);
  try {
    return work();
  } finally {
    lock.close();
  }
}

/** Opens the file of a lock, and makes it and its folder if need be. `mode` is the folder's. */
export function openLockFile(path: string, mode = 0o700): number {
  mkdirSync(dirname(path), { recursive: true, mode });
  return openSync(path, "a", 0o600);
}

/** Opens a folder that is itself what is locked. */
export function openLockFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/**
 * Runs `work` under the state lock: shared to see images, volumes and records that must not be taken away meanwhile,
 * exclusive to change the image index or to delete. `work` must be short and cannot wait for anything. Throws
 * "state-io".
 */
export function withStateLock<T>(stateDir: string, how: Hold, work: () => T): T {
  const file = join(stateDir, "lock");
  let fd: number;
  try {
    fd = openLockFile(file, 0o711);
  } catch (cause) {
    throw new StateError("state-io", `lock ${file}`, { cause });
  }
  return withLock("state", fd, how, work);
}

function heldLock(name: LockName, fd: number, how: Hold): HeldLock {
  const release = recordLock(name, how);
  return {
    fd,
    close: () => {
      release();
      closeSync(fd);
    },
  };
}

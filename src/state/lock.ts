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

/** Waits for a lock on an open file; close() closes the file, and so does a failure. Throws "syscall". */
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

/** The same for a file or folder that this process has just made, so that no other can hold the lock. */
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

/** Opens the file of a lock, creating it and its folder (with `mode`) if need be. */
export function openLockFile(path: string, mode = 0o700): number {
  mkdirSync(dirname(path), { recursive: true, mode });
  return openSync(path, "a", 0o600);
}

/** Opens a folder to lock it. */
export function openLockFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/**
 * Runs `work` under the state lock: shared to use images, volumes and records that must not be removed meanwhile,
 * exclusive to change the image index or to remove. `work` must be short, and cannot await anything. Throws "state-io".
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

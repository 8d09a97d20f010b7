import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { lockFile, tryLockFile } from "../../../system/lock.ts";
import { netavarkDir } from "./netavark.ts";

/**
 * The lock under which the machine's firewall and bridges change: netavark looks at their state first, then changes it.
 * It is released by close(), or when the process ends.
 */
export interface NetavarkLock {
  close(): void;
}

/** Takes the lock once it is free. */
export function takeNetavarkLock(scope: Scope): NetavarkLock {
  const fd = openLock(scope);
  lockFile(fd, "exclusive");
  return { close: () => closeSync(fd) };
}

/** Takes the lock if it is free now, undefined if not. */
export function tryNetavarkLock(scope: Scope): NetavarkLock | undefined {
  const fd = openLock(scope);
  if (tryLockFile(fd, "exclusive")) return { close: () => closeSync(fd) };
  closeSync(fd);
  return undefined;
}

/** Runs `work` under the lock. */
export async function withNetavarkLock<T>(scope: Scope, work: () => Promise<T> | T): Promise<T> {
  const lock = takeNetavarkLock(scope);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

function openLock(scope: Scope): number {
  mkdirSync(netavarkDir(scope), { recursive: true, mode: 0o700 });
  return openSync(join(netavarkDir(scope), "lock"), "a", 0o600);
}

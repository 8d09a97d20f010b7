import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { type HeldLock, openLockFile, takeLock, tryLock } from "../../../state/lock.ts";
import { netavarkDir } from "./netavark.ts";

/*
 * The lock under which the machine's firewall and bridges change: netavark looks at their state first, then changes it.
 */

/** Takes the lock once it is free. */
export function takeNetavarkLock(scope: Scope): HeldLock {
  return takeLock("netavark", openLock(scope));
}

/** Takes the lock if it is free now, undefined if not. */
export function tryNetavarkLock(scope: Scope): HeldLock | undefined {
  return tryLock("netavark", openLock(scope));
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
  return openLockFile(join(netavarkDir(scope), "lock"));
}

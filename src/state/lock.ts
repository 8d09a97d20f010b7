import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { withContext } from "../image/error.ts";
import { storePaths } from "../image/store/layout.ts";
import { lockFile } from "../system/lock.ts";

/**
 * Runs `work` while holding the store's lock: shared to see layers and images that nobody may take away meanwhile,
 * exclusive to change the index or to delete. `work` must be short and cannot wait for anything, so that no holder
 * ever waits for another. The kernel frees the lock when a process dies.
 */
export function withStoreLock<T>(stateDir: string, how: "shared" | "exclusive", work: () => T): T {
  const file = storePaths(stateDir).lock;
  let fd: number;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
    fd = openSync(file, "a", 0o600);
  } catch (error) {
    throw withContext(`lock ${file}`, error, "store-io");
  }
  try {
    lockFile(fd, how);
    return work();
  } finally {
    closeSync(fd);
  }
}

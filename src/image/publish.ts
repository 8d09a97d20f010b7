import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "../system/error.ts";
import { syncDirectory } from "../system/files.ts";
import { removeTree } from "../system/remove-tree.ts";

/**
 * Moves finished, synced work into its place and makes the move durable. Idempotent: what another process has put there
 * first is as good and stays.
 */
export function publish(finished: string, place: string): void {
  try {
    renameSync(finished, place);
  } catch (error) {
    if (!isErrno(error, "EEXIST", "ENOTEMPTY")) throw error;
    removeTree(finished);
  }
  syncDirectory(dirname(place));
}

import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "../system/error.ts";

/**
 * Moves finished, synced work into its place and makes the move durable. Idempotent: what another process has put there
 * first is as good and stays.
 */
export function publish(finished: string, place: string): void {
  try {
    renameSync(finished, place);
  } catch (error) {
    if (!isErrno(error, "EEXIST", "ENOTEMPTY")) throw error;
    rmSync(finished, { recursive: true, force: true });
  }
  syncDirectory(dirname(place));
}

/** Writes a directory's entries to the disk, so that a rename in it survives a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { isMissing } from "./error.ts";

/**
 * Files and folders that other processes make and take away at any moment: that one is not there is an answer, not a
 * failure.
 */

/** Puts `text` at `path` in one step: a reader sees the old file or the new one, never a part. */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

/** The file's text, or undefined. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The names in a folder; none if there is no such folder. */
export function listIfThere(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

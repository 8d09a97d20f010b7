import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { isMissing } from "./error.ts";

/**
 * Files and folders that other processes make and take away at any moment: that one is not there is an answer, not a
 * failure. Nothing here needs the C library.
 */

export interface ReplaceOptions {
  /** Permission bits, of which the umask takes its share; 0600 by default. */
  readonly mode?: number;
  /** The new text is on the disk when the call returns, so that it survives a power cut. */
  readonly durable?: boolean;
  /** Where the new file is made, on the same file system; beside the old one by default. */
  readonly temporary?: string;
}

/** Puts `content` at `path` in one step: a reader sees the old file or the new one, never a part. */
export function replaceFile(path: string, content: string | Uint8Array, options: ReplaceOptions = {}): void {
  const { mode = 0o600, durable = false, temporary = besides(path) } = options;
  replaceWith(path, temporary, () => writeFileSync(temporary, content, { mode, flush: durable }));
  if (durable) syncDirectory(dirname(path));
}

/** Makes `path` a symbolic link to `target` in one step, whatever is there. */
export function replaceLink(path: string, target: string, temporary = besides(path)): void {
  rmSync(temporary, { force: true });
  replaceWith(path, temporary, () => symlinkSync(target, temporary));
}

/** Has `make` make a file at `temporary`, and renames it to `path`. A failure leaves nothing at `temporary`. */
export function replaceWith(path: string, temporary: string, make: () => void): void {
  try {
    make();
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const besides = (path: string): string => `${path}.${process.pid}.new`;

/** Writes a directory's entries to the disk, so that a rename in it survives a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
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

/** New files and folders get the modes that they are made with, less writing for others: whatever umask the caller has. */
export function setPlainUmask(): void {
  process.umask(0o022);
}

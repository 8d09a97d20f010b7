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
 * Files and folders that other processes create and remove at any moment: a missing one is an answer, not a failure.
 * Nothing here needs the C library.
 */

export interface ReplaceOptions {
  /** Permission bits before the umask; 0600 by default. */
  readonly mode?: number;
  /** Whether the new content is on the disk when the call returns, so that it survives a power cut. */
  readonly durable?: boolean;
  /** Path of the new file until it is renamed, on the same file system; beside the old one by default. */
  readonly temporary?: string;
}

/** Puts `content` at `path` in one step: a reader sees the old file or the new one, never a part. */
export function replaceFile(path: string, content: string | Uint8Array, options: ReplaceOptions = {}): void {
  const { mode = 0o600, durable = false, temporary = besides(path) } = options;
  replaceWith(path, temporary, () => writeFileSync(temporary, content, { mode, flush: durable }));
  if (durable) syncDirectory(dirname(path));
}

/** Makes `path` a symbolic link to `target` in one step, in place of a file or link that is there. */
export function replaceLink(path: string, target: string, temporary = besides(path)): void {
  rmSync(temporary, { force: true });
  replaceWith(path, temporary, () => symlinkSync(target, temporary));
}

/** Calls `make`, which creates `temporary`, and renames that to `path`. A failure leaves nothing at `temporary`. */
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

/** The file's text; undefined if there is no such file. */
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

/** Sets the umask to 022, so that modes of new files do not depend on the caller's. */
export function setPlainUmask(): void {
  process.umask(0o022);
}

import { mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { isTaken } from "../system/error.ts";
import { replaceLink, replaceWith } from "../system/files.ts";
import { encodeText } from "../unit/text.ts";
import type { GeneratedFile, GeneratedLink } from "./making/context.ts";

/** open(2) with O_EXCL: also follows no link. */
const NEW_FILE = { flag: "wx" } as const;

/** The parts of generated units that are written. */
export interface WritableUnits {
  readonly files: readonly Pick<GeneratedFile, "name" | "text">[];
  readonly links: readonly GeneratedLink[];
}

/**
 * Writes units and links below a directory, which is made if it is missing. An existing file is replaced by rename(2);
 * a new one is written in place, as systemd looks at it only after its generators have ended. A file that cannot be
 * written whole is removed. Returns the failures; one does not keep the others from being written.
 */
export function writeGenerated(directory: string, generated: WritableUnits): string[] {
  const failures: string[] = [];
  const attempt = (name: string, write: () => void): void => {
    try {
      write();
    } catch (error) {
      failures.push(`cannot write ${join(directory, name)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  attempt("", () => mkdirSync(directory, { recursive: true }));
  for (const { name, text } of generated.files) {
    attempt(name, () => placeFile(join(directory, name), encodeText(text)));
  }
  const made = new Set<string>();
  for (const { path, target } of generated.links) {
    attempt(path, () => {
      const parent = dirname(join(directory, path));
      if (!made.has(parent)) mkdirSync(parent, { recursive: true });
      made.add(parent);
      placeLink(join(directory, path), target);
    });
  }
  return failures;
}

function placeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes, NEW_FILE);
  } catch (error) {
    if (isTaken(error)) {
      const temporary = temporaryOf(path);
      replaceWith(path, temporary, () => writeFileSync(temporary, bytes));
    } else {
      rmSync(path, { force: true });
      throw error;
    }
  }
}

function placeLink(path: string, target: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (!isTaken(error)) throw error;
    if (linkTarget(path) !== target) replaceLink(path, target, temporaryOf(path));
  }
}

/** A temporary name beside the file; not made from its name, which may have the maximum length. */
const temporaryOf = (path: string): string => join(dirname(path), ".berth-generator.tmp");

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

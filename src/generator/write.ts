import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { encodeText } from "../unit/text.ts";
import type { Generated } from "./generate.ts";

/**
 * Writes units and links below a directory, which is made if need be. Each file and link takes its place by rename(2), so
 * nobody ever reads half of one. Returns what failed; one failure does not keep the others from being written.
 */
export function writeGenerated(directory: string, generated: Pick<Generated, "files" | "links">): string[] {
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
    attempt(name, () => {
      const bytes = encodeText(text);
      replace(join(directory, name), (path) => writeFileSync(path, bytes));
    });
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

function placeLink(path: string, target: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if (linkTarget(path) !== target) replace(path, (temporary) => symlinkSync(target, temporary));
  }
}

/** Makes something under a temporary name and renames it to its own; a failure leaves nothing behind. */
function replace(path: string, make: (path: string) => void): void {
  // Not made of the file's name, which may be as long as names can be.
  const temporary = join(dirname(path), ".berth-generator.tmp");
  try {
    make(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

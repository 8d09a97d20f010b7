import { mkdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
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
      const temporary = join(directory, `.${name}.tmp`);
      writeFileSync(temporary, encodeText(text));
      renameSync(temporary, join(directory, name));
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
    if (linkTarget(path) === target) return;
    const temporary = `${path}.tmp`;
    try {
      symlinkSync(target, temporary);
      renameSync(temporary, path);
    } catch (failure) {
      unlinkSync(temporary);
      throw failure;
    }
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

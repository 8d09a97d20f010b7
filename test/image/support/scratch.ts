import { afterEach } from "bun:test";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "../../../src/system/remove-tree.ts";

/** Directories for one test, gone after it. Call at the top of a test file. */
export function scratchDirectories(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const path of made.splice(0)) removeTree(path);
  });
  return () => {
    const path = mkdtempSync(join(tmpdir(), "berth-test-"));
    made.push(path);
    return path;
  };
}

/** Every path below a directory, sorted: what a store holds, to compare before and after. */
export function listTree(root: string): string[] {
  return (readdirSync(root, { recursive: true }) as string[]).sort();
}

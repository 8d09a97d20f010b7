import { mkdirSync, renameSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Scope } from "../../scope.ts";
import { trashDir } from "../../state/paths.ts";
import { isErrno } from "../../system/error.ts";
import { listIfThere } from "../../system/files.ts";
import { runProgram } from "../../system/process.ts";
import { removeTree } from "../../system/remove-tree.ts";

/** How thoroughly a cleanup removes what a payload has written. */
export type Thoroughness =
  /** For some seconds, far below any stop time-out: nearly always all of it. berth-cleanup.service takes the rest. */
  | "for-a-while"
  /** Nothing that takes time, in the start of another container. berth-cleanup.service takes the rest. */
  | "at-once"
  /** The same, for who calls emptyTrash() afterwards. */
  | "trash-only";

const MILLISECONDS: Readonly<Record<Thoroughness, number>> = { "for-a-while": 5000, "at-once": 0, "trash-only": 0 };

/**
 * Removes a folder that a payload has filled, or as much of it as there is time for: the rest moves away by a rename,
 * so that nothing of the container is left. Throws "syscall".
 */
export function discard(scope: Scope, path: string, thoroughness: Thoroughness): void {
  const deadline = performance.now() + MILLISECONDS[thoroughness];
  const done = removeTree(path, deadline);
  if (!done) {
    mkdirSync(trashDir(scope), { recursive: true, mode: 0o700 });
    renameSync(path, join(trashDir(scope), `${basename(path)}-${crypto.randomUUID()}`));
  }
  // What an earlier cleanup had no time for: in a user's scope, nobody else takes it before the next login.
  const empty = thoroughness === "for-a-while" ? emptyTrash(scope, deadline) : done;
  // Systemd cannot be asked from within a user namespace.
  if (!empty && thoroughness !== "trash-only" && scope.kind === "system")
    runProgram("systemctl", ["restart", "--no-block", "berth-cleanup.service"], { stderr: "ignore" });
}

/** Removes what cleanups had no time for, until the deadline if there is one. Returns whether all of it is gone. */
export function emptyTrash(scope: Scope, deadline?: number): boolean {
  const names = listIfThere(trashDir(scope));
  if (!names.every((name) => removeTree(join(trashDir(scope), name), deadline))) return false;
  if (names.length === 0) return true;
  try {
    rmdirSync(trashDir(scope));
  } catch (error) {
    // Another cleanup has emptied it, or puts something in.
    if (!isErrno(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
  return true;
}

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import type { VolumePaths } from "../../state/volume-record.ts";
import { runProgram } from "../../system/process.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { copyTree } from "./copy-tree.ts";

/*
 * Copying an image's folder, open as `source`, into a volume that is mounted at the path `target` of a container.
 */

/**
 * Copies beside the volume, and moves the whole copy into it. The volume's folder stays the same one, for another
 * container may have it mounted.
 */
export function copyWhole(source: number, paths: VolumePaths, target: string): void {
  removeTree(paths.unfinished);
  mkdirSync(paths.unfinished, { mode: 0o700 });
  try {
    copyTree(source, paths.unfinished, copying(target));
    // The files must be on the disk before a name says that they are.
    runProgram("sync", ["--file-system", paths.unfinished], { stderr: "ignore" });
  } catch (error) {
    removeTree(paths.unfinished);
    throw error;
  }
  renameSync(paths.unfinished, paths.complete);
  moveComplete(paths);
}

/**
 * Moves a complete copy into the volume, or the rest of one, of a process that was killed in the middle. False if there
 * is none.
 */
export function moveComplete(paths: VolumePaths): boolean {
  if (!existsSync(paths.complete)) return false;
  for (const name of readdirSync(paths.complete, { encoding: "buffer" })) {
    const below = (folder: string) => Buffer.concat([Buffer.from(`${folder}/`), name]);
    renameSync(below(paths.complete), below(paths.data));
  }
  rmdirSync(paths.complete);
  return true;
}

/** Copies into a mounted volume, beside which there is no place; empties it again if that fails. */
export function copyOrNothing(source: number, data: string, target: string): void {
  try {
    copyTree(source, data, copying(target));
  } catch (error) {
    // Names are bytes.
    for (const name of readdirSync(data, { encoding: "buffer" }))
      removeTree(Buffer.concat([Buffer.from(`${data}/`), name]));
    throw error;
  }
}

/** Copies into a folder that goes with its container, complete or not. */
export function copyPlain(source: number, data: string, target: string): void {
  copyTree(source, data, copying(target));
}

function copying(target: string): string {
  return `copy the image's ${target} into a volume`;
}

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { openLockFolder, withLock } from "../../state/lock.ts";
import { readVolume, type Volume, type VolumePaths, volumePaths, writeVolume } from "../../state/volume-record.ts";
import { isErrno } from "../../system/error.ts";
import { openInRoot } from "../../system/open-in-root.ts";
import { runProgram } from "../../system/process.ts";
import { copyTree } from "./copy-tree.ts";

/** The container that uses a volume: what its image has at the place, and who it runs as. */
export interface FirstUse {
  readonly rootfs: string;
  /** Path inside the container. */
  readonly target: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly options: readonly string[];
}

/**
 * Gives a volume that no container has filled yet the content, owner and mode of what the image has at the place where
 * it is mounted, or the owner `use.owner` if it has nothing there; as podman does, but once. What is in the volume
 * already stays as it is. Several containers may do so at once, and any of them may be killed: what is copied arrives
 * whole or not at all.
 */
export function prepareForUse(scope: Scope, name: string, use: FirstUse): void {
  const paths = volumePaths(scope, name);
  withVolumeLock(paths, () => {
    const volume = readVolume(scope, name);
    if (volume === undefined || (!volume.needsCopyUp && !volume.needsOwner)) return;
    const begun = moveComplete(paths) ? { ...volume, needsCopyUp: false } : volume;
    const done = fill(begun, paths.data, use, (source) => copyWhole(source, paths, use.target));
    save(paths, volume, done);
  });
}

/**
 * The same for what is mounted at `data` for this container. `stays` tells whether the content outlives the container.
 */
export function prepareMounted(scope: Scope, name: string, data: string, stays: boolean, use: FirstUse): void {
  const paths = volumePaths(scope, name);
  withVolumeLock(paths, () => {
    const volume = readVolume(scope, name);
    if (volume === undefined || (!volume.needsCopyUp && !volume.needsOwner)) return;
    const done = fill(volume, data, use, (source) => copyOrNothing(source, data, use.target), ownIfLet);
    if (stays) save(paths, volume, done);
  });
}

/** The same for a folder that goes with its container. */
export function prepareAnonymous(data: string, use: FirstUse): void {
  const volume = { options: {}, needsCopyUp: true, needsOwner: true };
  fill(volume, data, use, (source) => copyTree(source, data, copying(use.target)));
}

function save(paths: VolumePaths, before: Volume, after: Volume): void {
  if (before.needsCopyUp !== after.needsCopyUp || before.needsOwner !== after.needsOwner) writeVolume(paths, after);
}

/** Runs `work` while nobody else prepares the volume. The kernel frees the lock when a process dies. */
function withVolumeLock(paths: VolumePaths, work: () => void): void {
  withLock("volume", openLockFolder(paths.dir), "exclusive", work);
}

type Fillable = Pick<Volume, "options" | "needsCopyUp" | "needsOwner">;

/** Returns the volume with what is to be done from now on. */
function fill<V extends Fillable>(
  volume: V,
  data: string,
  use: FirstUse,
  copy: (source: number) => void,
  giveOwner = own,
): V {
  const root = openSync(use.rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    // Inside the root file system: an image's symbolic links cannot lead the copy to the host's files.
    const source = openInRoot(root, use.target, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const content = source !== undefined && readdirSync(`/proc/self/fd/${source}`).length > 0 ? source : undefined;
      const copied = content !== undefined && mayCopy(volume, data, use);
      if (copied) copy(content);
      if (volume.needsOwner) giveOwner(data, source, use.owner);
      // The owner is settled with the first use: what one container's user owns the next container does not take away.
      return { ...volume, needsOwner: false, needsCopyUp: volume.needsCopyUp && !copied };
    } finally {
      if (source !== undefined) closeSync(source);
    }
  } finally {
    closeSync(root);
  }
}

/** Not over what is there: somebody put it there on purpose. */
function mayCopy(volume: Fillable, data: string, { options }: FirstUse): boolean {
  const refused = options.includes("nocopy") || volume.options.nocopy !== undefined;
  return volume.needsCopyUp && !refused && readdirSync(data).length === 0;
}

/** Owner and mode of the volume's root: those of the image's folder, or else the payload's user. */
function own(data: string, source: number | undefined, { uid, gid }: FirstUse["owner"]): void {
  if (source === undefined) {
    chownSync(data, uid, gid);
    return;
  }
  const like = fstatSync(source);
  chownSync(data, like.uid, like.gid);
  chmodSync(data, like.mode & 0o7777);
}

/**
 * The same where the file system may not be ours to say: an NFS server takes root for nobody (root_squash), others are
 * read-only or know no owners. Then it stays as it is.
 */
function ownIfLet(...given: Parameters<typeof own>): void {
  try {
    own(...given);
  } catch (error) {
    if (!isErrno(error, "EPERM", "EROFS")) throw error;
  }
}

/**
 * Copies beside the volume, and moves when all is there. The volume's own folder stays the same one: another container
 * may have it mounted.
 */
function copyWhole(source: number, paths: VolumePaths, target: string): void {
  rmSync(paths.unfinished, { recursive: true, force: true });
  mkdirSync(paths.unfinished, { mode: 0o700 });
  try {
    copyTree(source, paths.unfinished, copying(target));
    // The files are to be on the disk before anything says that they are.
    runProgram("sync", ["--file-system", paths.unfinished], { stderr: "ignore" });
  } catch (error) {
    rmSync(paths.unfinished, { recursive: true, force: true });
    throw error;
  }
  renameSync(paths.unfinished, paths.complete);
  moveComplete(paths);
}

/**
 * Moves a complete copy into the volume, also the rest of one where a process was killed in the middle. False if there
 * is none.
 */
function moveComplete(paths: VolumePaths): boolean {
  if (!existsSync(paths.complete)) return false;
  for (const name of readdirSync(paths.complete, { encoding: "buffer" })) {
    const below = (folder: string) => Buffer.concat([Buffer.from(`${folder}/`), name]);
    renameSync(below(paths.complete), below(paths.data));
  }
  rmdirSync(paths.complete);
  return true;
}

function copyOrNothing(source: number, data: string, target: string): void {
  try {
    copyTree(source, data, copying(target));
  } catch (error) {
    for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
    throw error;
  }
}

function copying(target: string): string {
  return `copy the image's ${target} into a volume`;
}

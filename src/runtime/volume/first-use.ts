import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { openLockFolder, withLock } from "../../state/lock.ts";
import { readVolume, type Volume, type VolumePaths, volumePaths, writeVolume } from "../../state/volume-record.ts";
import { isErrno } from "../../system/error.ts";
import { isEmptyFolder } from "../../system/folder-entries.ts";
import { openInRoot } from "../../system/open-in-root.ts";
import type { Owner } from "../users/owner.ts";
import { copyOrNothing, copyPlain, copyWhole, moveComplete } from "./copy-up.ts";

/** The container that uses a volume: what its image has at the mount point, and the user it runs as. */
export interface FirstUse {
  readonly rootfs: string;
  /** The mount point, a path inside the container. */
  readonly target: string;
  readonly owner: Owner;
  readonly options: readonly string[];
}

/**
 * Gives a volume that no container has used yet the content, owner and mode of the image's folder at the mount point,
 * or the owner `use.owner` if the image has none; as podman does, but once. Content that is in the volume already stays
 * as it is. Several containers may do so at once, and any of them may be killed: the copy arrives whole or not at all.
 */
export function prepareForUse(scope: Scope, name: string, use: FirstUse): void {
  prepareOnce(scope, name, (volume, paths) => {
    const begun = moveComplete(paths) ? { ...volume, needsCopyUp: false } : volume;
    const done = fill(begun, paths.data, use, (source) => copyWhole(source, paths, use.target));
    saveIfChanged(paths, volume, done);
  });
}

/** A volume's file system, mounted for a container. */
export interface MountedVolume {
  readonly path: string;
  /** Whether the content outlives the container. */
  readonly stays: boolean;
}

/** prepareForUse() for a file system that is mounted. */
export function prepareMounted(scope: Scope, name: string, mounted: MountedVolume, use: FirstUse): void {
  const { path: data, stays } = mounted;
  prepareOnce(scope, name, (volume, paths) => {
    const done = fill(volume, data, use, (source) => copyOrNothing(source, data, use.target), giveOwnerIfPossible);
    if (stays) saveIfChanged(paths, volume, done);
  });
}

/** prepareForUse() for a folder that goes with its container. */
export function prepareAnonymous(data: string, use: FirstUse): void {
  const volume = { options: {}, needsCopyUp: true, needsOwner: true };
  fill(volume, data, use, (source) => copyPlain(source, data, use.target));
}

/** Runs `work` for a volume that needs it, under the volume's lock. */
function prepareOnce(scope: Scope, name: string, work: (volume: Volume, paths: VolumePaths) => void): void {
  const paths = volumePaths(scope, name);
  withLock("volume", openLockFolder(paths.dir), "exclusive", () => {
    const volume = readVolume(scope, name);
    if (volume !== undefined && (volume.needsCopyUp || volume.needsOwner)) work(volume, paths);
  });
}

function saveIfChanged(paths: VolumePaths, before: Volume, after: Volume): void {
  if (before.needsCopyUp !== after.needsCopyUp || before.needsOwner !== after.needsOwner) writeVolume(paths, after);
}

type Fillable = Pick<Volume, "options" | "needsCopyUp" | "needsOwner">;

/** Returns the volume with what its next use has left to do. */
function fill<V extends Fillable>(
  volume: V,
  data: string,
  use: FirstUse,
  copy: (source: number) => void,
  setOwner = giveOwner,
): V {
  const root = openSync(use.rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    // Inside the root file system: an image's symbolic links cannot lead the copy to the host's files.
    const source = openInRoot(root, use.target, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const hasContent = source !== undefined && !isEmptyFolder(`/proc/self/fd/${source}`);
      const copies = hasContent && mayCopyUp(volume, use.options) && isEmptyFolder(data);
      if (copies) copy(source);
      if (volume.needsOwner) setOwner(data, source, use.owner);
      return afterUse(volume, copies);
    } finally {
      if (source !== undefined) closeSync(source);
    }
  } finally {
    closeSync(root);
  }
}

/** Whether an image's content may be copied into a volume, if that is empty. */
export function mayCopyUp(volume: Fillable, options: readonly string[]): boolean {
  return volume.needsCopyUp && !options.includes("nocopy") && volume.options.nocopy === undefined;
}

/**
 * A volume after a use. The owner is settled with the first one: a later container must not take the volume away from
 * an earlier one's user. The content is settled once it has been copied.
 */
export function afterUse<V extends Fillable>(volume: V, copied: boolean): V {
  return { ...volume, needsOwner: false, needsCopyUp: volume.needsCopyUp && !copied };
}

/** Sets owner and mode of the volume's root: those of the image's folder, or else the payload's user. */
function giveOwner(data: string, source: number | undefined, { uid, gid }: FirstUse["owner"]): void {
  if (source === undefined) {
    chownSync(data, uid, gid);
    return;
  }
  const like = fstatSync(source);
  chownSync(data, like.uid, like.gid);
  chmodSync(data, like.mode & 0o7777);
}

/**
 * giveOwner() for a file system that may refuse: an NFS server maps root to nobody (root_squash), others are read-only
 * or have no owners. Then owner and mode stay.
 */
function giveOwnerIfPossible(...given: Parameters<typeof giveOwner>): void {
  try {
    giveOwner(...given);
  } catch (error) {
    if (!isErrno(error, "EPERM", "EROFS")) throw error;
  }
}

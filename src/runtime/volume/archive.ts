import { lstatSync, mkdirSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { copyMetadata } from "../../image/layer/metadata.ts";
import { unpackFiles } from "../../image/layer/unpack-files.ts";
import type { Scope } from "../../scope.ts";
import { withStateLock } from "../../state/lock.ts";
import { findVolume, pathsIn, type Volume, volumePaths, writeVolume } from "../../state/volume-record.ts";
import { DeepPaths, Folder } from "../../system/deep-paths.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { runProgram } from "../../system/process.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { RuntimeError } from "../error.ts";
import { leaveHostMounts } from "../mount/rootfs.ts";
import { copyTree } from "./copy-tree.ts";
import { deviceMount, mountDevice } from "./mount-device.ts";
import { beginFolder } from "./unfinished-folder.ts";
import { requireUnused } from "./volume-use.ts";

/**
 * Writes a volume's content as a tar archive (pax, with numeric owners and extended attributes) to the open file `to`,
 * by tar(1), which reports files that change meanwhile on stderr. Throws "no-such-volume", "volume".
 */
export function exportVolume(scope: Scope, text: string, to: number): void {
  const volume = findVolume(scope, text);
  const data = openContent(scope, volume);
  const words = [
    "--create",
    "--file=-",
    "--format=posix",
    "--numeric-owner",
    "--sparse",
    "--xattrs",
    "--xattrs-include=*",
  ];
  const options = { stdout: to, stderr: "inherit" } as const;
  const { exitCode } = runProgram("tar", [...words, `--directory=${data}`, "."], options);
  // 1: some files changed while they were read.
  if (exitCode !== 0 && exitCode !== 1)
    throw new RuntimeError("volume", `export volume ${volume.name}: tar ended with ${exitCode}`);
}

const HINT = ": stop that first";

/**
 * Adds the files of a tar archive (also compressed) to a volume, replacing files of the same names. Nothing in the
 * archive is trusted: it is unpacked beside the volume, as an image's layer is, and added as a whole or not at all.
 * Throws "no-such-volume"; "volume-in-use", for a container could change files while they are moved; ImageError for a
 * bad archive or a full disk.
 */
export async function importVolume(
  scope: Scope,
  text: string,
  archive: AsyncIterable<Uint8Array>,
  inUserNamespace: boolean,
): Promise<void> {
  const volume = findVolume(scope, text);
  const place = volumePaths(scope, volume.name);
  requireUnused(scope, volume.name, HINT);
  const { dir, lock } = beginFolder(scope);
  try {
    const staged = pathsIn(dir).data;
    mkdirSync(staged, { mode: 0o755 });
    const hasRoot = await unpackFiles(archive, { root: staged, inUserNamespace });
    if (deviceMount(volume) !== undefined) {
      copyTree(staged, openContent(scope, volume), `import into volume ${volume.name}`);
      return;
    }
    withStateLock(scope.stateDir, "exclusive", () => {
      requireUnused(scope, volume.name, HINT);
      merge(Buffer.from(staged), Buffer.from(place.data), hasRoot);
      writeVolume(place, { ...volume, needsCopyUp: false, needsOwner: volume.needsOwner && !hasRoot });
    });
  } finally {
    removeTree(dir);
    lock.close();
  }
}

/** The folder with the content. Mounts a file system of the volume's own, for this process alone. */
function openContent(scope: Scope, volume: Volume): string {
  const { data } = volumePaths(scope, volume.name);
  const device = deviceMount(volume);
  if (device === undefined || isMountPoint(data)) return data;
  leaveHostMounts();
  mountDevice(scope, volume.name, device, data);
  return data;
}

/** Moves the content of `from` to `to`: merges folders, replaces anything else, and follows no links. */
function merge(from: Buffer, to: Buffer, withRoot: boolean): void {
  const paths = new DeepPaths();
  const top = new Folder("", undefined);
  const pending = [top];
  try {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of readdirSync(paths.of(from, folder), { encoding: "latin1" })) {
        const target = paths.of(to, folder, name);
        const source = paths.of(from, folder, name);
        const there = lstatSync(target, { throwIfNoEntry: false });
        if (there?.isDirectory() && lstatSync(source).isDirectory()) {
          pending.push(new Folder(name, folder));
          continue;
        }
        if (there?.isDirectory()) removeTree(target);
        else if (there !== undefined) unlinkSync(target);
        renameSync(source, target);
      }
      if (folder === top && !withRoot) continue;
      const like = paths.of(from, folder);
      copyMetadata({ path: like, stats: lstatSync(like) }, paths.of(to, folder), "");
    }
  } finally {
    paths.close();
  }
}

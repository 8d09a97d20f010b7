import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lchownSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { ContainerPaths } from "../../state/paths.ts";
import { isTaken } from "../../system/error.ts";
import { MS_REC, MS_SLAVE, mount } from "../../system/mount.ts";
import { CLONE_NEWNS, unshare } from "../../system/namespaces.ts";
import { openInRoot } from "../../system/open-in-root.ts";
import type { Owner } from "../users/owner.ts";
import { mountOverlay } from "./overlay.ts";

/**
 * Leaves the caller's mount namespace: later mounts are invisible to the host, and the kernel drops them with the
 * container's last process. Mounts of the host still arrive (slave propagation).
 */
export function leaveHostMounts(): void {
  unshare(CLONE_NEWNS);
  mount("none", "/", "", MS_REC | MS_SLAVE);
}

/**
 * Mounts the image's layers (absolute directories, lowest first) with an empty upper layer on top at `paths.rootfs`.
 * The upper layer is thrown away with the container, so overlayfs need not sync it ("volatile", Linux 5.10).
 */
export function mountRootfs(paths: ContainerPaths, layers: readonly string[], inUserNamespace: boolean): void {
  const upper = join(paths.layers, "upper");
  const work = join(paths.layers, "work");
  // No other user may run set-uid programs that the payload makes.
  mkdirSync(paths.layers, { recursive: true, mode: 0o700 });
  mkdirSync(upper, { mode: 0o755 });
  copyOwnerAndMode(layers.at(-1), upper);
  mkdirSync(work, { mode: 0o700 });
  mkdirSync(paths.rootfs, { mode: 0o755 });
  // overlayfs needs at least one lower directory, and an image may have no layer at all.
  const lower = layers.length > 0 ? layers : [emptyDirectory(paths)];
  mountOverlay({
    target: paths.rootfs,
    lower,
    upper: { dir: upper, work, volatile: true },
    links: join(paths.bundle, "l"),
    inUserNamespace,
  });
}

/**
 * Makes /etc/mtab if the image has none, as podman and docker do: a link to the kernel's list of mounts, which df(1)
 * and others look for under the old name. Links in the image do not lead out of `rootfs`. `owner` is root inside.
 */
export function linkMtab(rootfs: string, owner?: Owner): void {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const etc = openInRoot(root, "/etc", constants.O_RDONLY | constants.O_DIRECTORY);
    if (etc === undefined) return;
    try {
      const link = `/proc/self/fd/${etc}/mtab`;
      symlinkSync("/proc/mounts", link);
      if (owner !== undefined) lchownSync(link, owner.uid, owner.gid);
    } catch (error) {
      if (!isTaken(error)) throw error;
    } finally {
      closeSync(etc);
    }
  } finally {
    closeSync(root);
  }
}

/**
 * Of a directory that several layers have, overlay shows the highest one's owner and mode: for "/", the upper layer's.
 */
function copyOwnerAndMode(from: string | undefined, to: string): void {
  if (from === undefined) return;
  const { uid, gid, mode } = statSync(from);
  if (uid !== 0 || gid !== 0) chownSync(to, uid, gid);
  if ((mode & 0o7777) !== 0o755) chmodSync(to, mode & 0o7777);
}

function emptyDirectory(paths: ContainerPaths): string {
  const path = join(paths.bundle, "empty");
  mkdirSync(path, { mode: 0o755 });
  return path;
}

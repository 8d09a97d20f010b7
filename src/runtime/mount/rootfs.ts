import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { ContainerPaths } from "../../state/paths.ts";
import { isTaken } from "../../system/error.ts";
import { MS_REC, MS_SLAVE, mount } from "../../system/mount.ts";
import { CLONE_NEWNS, unshare } from "../../system/namespaces.ts";
import { O_PATH, openInRoot } from "../../system/open-in-root.ts";
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
  inEtc(rootfs, (etc) => {
    const link = join(etc, "mtab");
    try {
      symlinkSync("/proc/mounts", link);
      if (owner !== undefined) lchownSync(link, owner.uid, owner.gid);
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  });
}

/** Where programs and images have the zones. */
export const ZONES = "/usr/share/zoneinfo";

/**
 * Where the image's /etc/localtime is a link, as with tzdata, makes it one to the zone: programs read the zone's name
 * from it, and a file that is mounted over the link would hide another zone. Returns false where the zone is not in the
 * image; then there is no link any more. `zone` is a name below /usr/share/zoneinfo, if there is one.
 */
export function linkLocaltime(rootfs: string, zone: string | undefined, owner?: Owner): boolean {
  return (
    inEtc(rootfs, (etc, root) => {
      const link = join(etc, "localtime");
      if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
      unlinkSync(link);
      const found = zone === undefined ? undefined : openInRoot(root, join(ZONES, zone), O_PATH);
      if (zone === undefined || found === undefined) return false;
      closeSync(found);
      symlinkSync(join("..", ZONES, zone), link);
      if (owner !== undefined) lchownSync(link, owner.uid, owner.gid);
      return true;
    }) ?? false
  );
}

/** Calls `act` with a path to the image's /etc that no link leads out of, and its open root; not where it has none. */
function inEtc<T>(rootfs: string, act: (etc: string, root: number) => T): T | undefined {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const etc = openInRoot(root, "/etc", constants.O_RDONLY | constants.O_DIRECTORY);
    if (etc === undefined) return undefined;
    try {
      return act(`/proc/self/fd/${etc}`, root);
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

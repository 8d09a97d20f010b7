import { chmodSync, chownSync, closeSync, constants, mkdirSync, openSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { CLONE_NEWNS, MS_REC, MS_SLAVE, mount, openInRoot, unshare } from "./native.ts";
import type { ContainerPaths } from "./paths.ts";

/** mount(2) takes one page of options; the rest of them and the terminating NUL need a little room too. */
const LONGEST_OPTIONS = 3800;

/**
 * Leaves the mount namespace of whoever called, so that what is mounted from here on is invisible to the host and
 * dropped by the kernel with the container's last process. Mounts of the host still arrive (slave propagation).
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
  // Set-uid programs that the payload makes are not for other users to run.
  mkdirSync(paths.layers, { recursive: true, mode: 0o700 });
  mkdirSync(upper, { mode: 0o755 });
  copyOwnerAndMode(layers.at(-1), upper);
  mkdirSync(work, { mode: 0o700 });
  mkdirSync(paths.rootfs, { mode: 0o755 });
  // overlayfs wants at least one lower directory; an image may have no layer at all.
  const lower = layers.length > 0 ? [...layers].reverse() : [emptyDirectory(paths)];
  const extra = inUserNamespace ? ",userxattr,volatile" : ",volatile";
  const plain = overlayOptions(lower, upper, work) + extra;
  if (plain.length <= LONGEST_OPTIONS && ![...lower, upper].some((path) => /[,:\\]/.test(path))) {
    mount("overlay", paths.rootfs, "overlay", 0, plain);
    return;
  }
  mountByShortNames(paths, lower, upper, work, extra);
}

/**
 * /etc/mtab as podman and docker make it where the image has none: a link to the kernel's list of mounts, which df(1) and
 * others look for under the old name. Links in the image do not lead out of `rootfs`.
 */
export function linkMtab(rootfs: string): void {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const etc = openInRoot(root, "/etc", constants.O_RDONLY | constants.O_DIRECTORY);
    if (etc === undefined) return;
    try {
      symlinkSync("/proc/mounts", `/proc/self/fd/${etc}/mtab`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      closeSync(etc);
    }
  } finally {
    closeSync(root);
  }
}

function overlayOptions(lower: readonly string[], upper: string, work: string): string {
  return `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work}`;
}

/** For more layers than fit in a page, or paths that hold a separator: links with short names, relative to one folder. */
function mountByShortNames(
  paths: ContainerPaths,
  lower: readonly string[],
  upper: string,
  work: string,
  extra: string,
): void {
  const links = join(paths.bundle, "l");
  mkdirSync(links, { mode: 0o700 });
  const names = lower.map((target, index) => {
    symlinkSync(target, join(links, index.toString(36)));
    return index.toString(36);
  });
  symlinkSync(upper, join(links, "upper"));
  symlinkSync(work, join(links, "work"));
  const before = process.cwd();
  process.chdir(links);
  try {
    mount("overlay", paths.rootfs, "overlay", 0, overlayOptions(names, "upper", "work") + extra);
  } finally {
    process.chdir(before);
  }
}

/** Of a directory that layers share, overlay shows the highest one's owner and mode: for "/" that is the upper layer's. */
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

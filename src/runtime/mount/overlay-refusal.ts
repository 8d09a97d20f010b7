/** overlayfs says EINVAL for most of what it refuses, and the reason only in the kernel's log. */
import { type Stats, statfsSync, statSync } from "node:fs";

/** The folders of an overlay; without `upper` it is read-only. */
interface OverlayFolders {
  readonly lower: readonly string[];
  readonly upper?: { readonly dir: string; readonly work: string };
}

/** f_type of statfs(2) of file systems that have not what an upper layer needs: links, attributes, whiteouts. */
const NO_UPPER: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x4d44: "FAT",
  0x2011bab0: "exFAT",
  0x5346544e: "NTFS",
  0x7366746e: "NTFS",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x517b: "SMB",
  0x65735546: "FUSE",
  0x1021997: "9P",
  0x794c7630: "overlayfs itself",
  0xf15f: "eCryptfs",
};

/** The first thing of an overlay that the kernel will have refused; undefined where nothing is known of it. */
export function whyNoOverlay({ lower, upper }: OverlayFolders): string | undefined {
  for (const path of [...lower, ...(upper === undefined ? [] : [upper.dir, upper.work])]) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) return `overlay: ${path} is ${stats === undefined ? "not there" : "no folder"}`;
  }
  if (upper === undefined) return undefined;
  const { dir, work } = upper;
  const type = statfsSync(dir).type >>> 0;
  const name = Object.hasOwn(NO_UPPER, type) ? NO_UPPER[type] : undefined;
  if (name !== undefined)
    return `overlay: the upper layer ${dir} is on ${name}, which cannot hold one: it needs a file system of Linux`;
  if (isWithin(dir, work) || isWithin(work, dir)) return `overlay: upper layer ${dir} and work folder ${work} overlap`;
  if (device(dir) !== device(work))
    return `overlay: upper layer ${dir} and work folder ${work} are on different file systems`;
  const shared = lower.find((layer) => isWithin(layer, dir) || isWithin(dir, layer) || isWithin(layer, work));
  return shared === undefined ? undefined : `overlay: the folder ${shared} below it and its upper layer ${dir} overlap`;
}

const device = (path: string): Stats["dev"] => statSync(path).dev;

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

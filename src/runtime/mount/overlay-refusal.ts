/** overlayfs says EINVAL for most of what it refuses, and the reason only in the kernel's log. */
import { type Stats, statfsSync, statSync } from "node:fs";

/** The folders of an overlay; without `upper` it is read-only. */
interface OverlayFolders {
  readonly lower: readonly string[];
  readonly upper?: { readonly dir: string; readonly work: string };
}

/** f_type of statfs(2) of file systems that have not what an upper layer needs: links, attributes, whiteouts. */
const NO_UPPER: Readonly<Record<number, string>> = {
  26985: "NFS",
  19780: "FAT",
  538032816: "exFAT",
  1397118030: "NTFS",
  1936094318: "NTFS",
  4283649346: "CIFS",
  4266872130: "SMB",
  20859: "SMB",
  1702057286: "FUSE",
  16914839: "9P",
  2035054128: "overlayfs itself",
  61791: "eCryptfs",
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

import { lstatSync, type Stats } from "node:fs";
import { readAttributes } from "../../system/file-attributes.ts";
import type { EntryPath } from "./entry.ts";

/** The overlay attribute that hides everything below a directory, outside and inside a user namespace. */
export function opaqueAttribute(inUserNamespace: boolean): string {
  // overlayfs mounted in a user namespace reads user.overlay.* (mount option userxattr); trusted.* needs real root.
  return inUserNamespace ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

/** A file in one of the layers below. */
export interface LowerFile {
  /** Absolute path, bytes. */
  readonly path: Buffer;
  readonly stats: Stats;
}

/** Whether this is how overlay (and every layer in the store) writes "deleted here". */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

export function joinPath(root: Buffer, path: EntryPath): Buffer {
  return path.length === 0 ? root : Buffer.concat([root, Buffer.from(`/${path.join("/")}`, "latin1")]);
}

/**
 * The file that an overlay of the given trees (lowest first) would show at the path, symbolic links not followed;
 * undefined when there is none, or when a parent is no directory.
 */
export function findInLower(trees: readonly string[], path: EntryPath, opaque: string): LowerFile | undefined {
  for (const tree of trees.toReversed()) {
    const found = findInTree(Buffer.from(tree), path, opaque);
    if (found === "hidden") return undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined when a lower tree may have the file; "hidden" when this one hides it there. */
function findInTree(root: Buffer, path: EntryPath, opaque: string): LowerFile | "hidden" | undefined {
  let hidesRest = false;
  for (let depth = 0; depth <= path.length; depth++) {
    const file = joinPath(root, path.slice(0, depth));
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) break;
    if (isWhiteout(stats)) return "hidden";
    if (depth === path.length) return { path: file, stats };
    if (!stats.isDirectory()) return "hidden";
    hidesRest ||= readAttributes(file).has(opaque);
  }
  return hidesRest ? "hidden" : undefined;
}

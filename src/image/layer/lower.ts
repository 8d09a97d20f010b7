import { lstatSync, type Stats } from "node:fs";
import type { DeepPaths } from "../../system/deep-paths.ts";
import { readAttributes } from "../../system/file-attributes.ts";
import type { EntryPath } from "./entry.ts";
import { LayerFolder, type Place } from "./layer-folder.ts";

/** The overlay attribute that hides everything below a directory, outside and inside a user namespace. */
export function opaqueAttribute(inUserNamespace: boolean): string {
  // overlayfs mounted in a user namespace reads user.overlay.* (mount option userxattr); trusted.* needs real root.
  return inUserNamespace ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

/** A file in one of the layers below. */
export interface LowerFile {
  /** A path for system calls, bytes, to be used at once. */
  readonly path: Buffer;
  readonly stats: Stats;
}

/** Whether this is how overlay (and every layer in the store) writes "deleted here". */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

/**
 * What an overlay of the layers below would show in the folders of a layer on top of them; symbolic links are not
 * followed. Each folder remembers which of them have something to show in it, so a look-up is one step from there.
 */
export class LowerTrees {
  /** Highest first. */
  readonly #roots: readonly Buffer[];

  constructor(
    trees: readonly string[],
    private readonly paths: DeepPaths,
    private readonly opaque: string,
  ) {
    this.#roots = trees.toReversed().map((tree) => Buffer.from(tree));
  }

  /** The root that is shown; undefined when there are no layers. */
  root(): LowerFile | undefined {
    const [path] = this.#roots;
    return path === undefined ? undefined : { path, stats: lstatSync(path) };
  }

  /** The file that is shown at a place; undefined when there is none. */
  find({ folder, name }: Place): LowerFile | undefined {
    for (const tree of this.showing(folder)) {
      const file = this.#look(tree, folder, name);
      if (file !== undefined) return isWhiteout(file.stats) ? undefined : file;
    }
    return undefined;
  }

  /** The same for a path of which the folders need not be in the layer on top. */
  findPath(path: EntryPath): LowerFile | undefined {
    let folder = new LayerFolder("", undefined);
    for (const name of path.slice(0, -1)) folder = new LayerFolder(name, folder);
    return this.find({ folder, name: path.at(-1) ?? "." });
  }

  /** The trees that have this folder and are not hidden in it by another one above, highest first. */
  showing(folder: LayerFolder): readonly number[] {
    const unknown: LayerFolder[] = [];
    let known: LayerFolder | undefined = folder;
    for (; known !== undefined && known.below === undefined; known = known.parent) unknown.push(known);
    let below = known?.below ?? [...this.#roots.keys()];
    for (let at = unknown.pop(); at !== undefined; at = unknown.pop()) {
      below = this.#narrow(below, at);
      at.below = below;
    }
    return below;
  }

  /** Of the trees that show the folder's parent, those that show the folder. */
  #narrow(trees: readonly number[], folder: LayerFolder): number[] {
    const showing: number[] = [];
    for (const tree of trees) {
      const file = this.#look(tree, folder);
      if (file === undefined) continue;
      if (!file.stats.isDirectory()) break;
      showing.push(tree);
      if (readAttributes(file.path).has(this.opaque)) break;
    }
    return showing;
  }

  #look(tree: number, folder: LayerFolder, name?: string): LowerFile | undefined {
    const path = this.paths.of(this.#roots[tree] ?? Buffer.alloc(0), folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : { path, stats };
  }
}

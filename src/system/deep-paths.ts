/** Paths of files in folders so deep that a path from the root would be too long, or would take long to walk. */
import { closeSync, constants, lstatSync, openSync, readdirSync, type Stats } from "node:fs";
import { O_PATH } from "./open-in-root.ts";

/** Folders from one that is kept open to the next one below it. */
const STRIDE = 64;
/** More than two ways down to {@link DEPTH_MAX}, so that the paths of two files are good at the same time. */
const OPEN_MAX = 128;
/** How deep a folder may be for its paths. No entry of an archive is deeper: PATH_MAX is 4096. */
export const DEPTH_MAX = 2048;

/** A folder below a root, which is a folder without a parent. Names are latin1 text, one character a byte. */
export class Folder {
  readonly depth: number;

  constructor(
    readonly name: string,
    readonly parent: Folder | undefined,
  ) {
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }
}

/**
 * Paths for system calls, each of which takes the kernel a bounded time. They begin with the root or with an open
 * folder (/proc/self/fd/N), and are to be used at once: the folder is closed when many others have been looked at. The
 * folders must stay where they are; symbolic links are never followed but in the root's own path.
 */
export class DeepPaths {
  /** By root and folder; the one that was used last is last. */
  readonly #open = new Map<Folder, Map<string, number>>();
  #count = 0;

  /** The path of a folder below `root`, or of the file `name` in it. */
  of(root: Buffer, folder: Folder, name?: string): Buffer {
    const names: string[] = name === undefined ? [] : [name];
    let at: Folder = folder;
    for (; at.depth % STRIDE !== 0 && at.parent !== undefined; at = at.parent) names.push(at.name);
    const start = at.parent === undefined ? root : Buffer.from(`/proc/self/fd/${this.#descriptor(root, at)}`);
    return names.length === 0 ? start : Buffer.concat([start, Buffer.from(`/${names.reverse().join("/")}`, "latin1")]);
  }

  close(): void {
    for (const folder of [...this.#open.keys()]) this.#close(folder);
  }

  #descriptor(root: Buffer, folder: Folder): number {
    const key = root.toString("latin1");
    const known = this.#open.get(folder);
    const fd = known?.get(key) ?? this.#openFolder(root, folder);
    const descriptors = this.#open.get(folder) ?? new Map<string, number>();
    descriptors.set(key, fd);
    // Moves it to the end.
    this.#open.delete(folder);
    this.#open.set(folder, descriptors);
    return fd;
  }

  #openFolder(root: Buffer, folder: Folder): number {
    const path = this.of(root, folder.parent ?? folder, folder.name);
    const fd = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    this.#count += 1;
    for (const oldest of this.#open.keys()) {
      if (this.#count <= OPEN_MAX) break;
      if (oldest !== folder) this.#close(oldest);
    }
    return fd;
  }

  #close(folder: Folder): void {
    for (const fd of this.#open.get(folder)?.values() ?? []) {
      closeSync(fd);
      this.#count -= 1;
    }
    this.#open.delete(folder);
  }
}

/** Calls `visit` for the folder `root` and everything below it, links not followed, with a path to be used at once. */
export function walkTree(root: Buffer, visit: (path: Buffer, stats: Stats) => void): void {
  const paths = new DeepPaths();
  const pending = [new Folder("", undefined)];
  try {
    visit(root, lstatSync(root));
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of readdirSync(paths.of(root, folder), { encoding: "latin1" })) {
        const path = paths.of(root, folder, name);
        const stats = lstatSync(path);
        visit(path, stats);
        if (stats.isDirectory()) pending.push(new Folder(name, folder));
      }
    }
  } finally {
    paths.close();
  }
}

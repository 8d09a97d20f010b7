import { chmodSync, lstatSync, mkdirSync, readlinkSync, type Stats, unlinkSync } from "node:fs";
import { readAttributes, setAttribute, setTimes, type Timestamp } from "../../system/file-attributes.ts";
import { ImageError } from "../error.ts";
import type { EntryPath, LayerEntry } from "./entry.ts";
import { findInLower, isWhiteout, joinPath, type LowerFile, opaqueAttribute } from "./lower.ts";
import { copyMetadata } from "./metadata.ts";

/** The surroundings of a tree. */
export interface TreeOptions {
  /** Absolute path of an existing, empty directory that no other user can enter (mode 0700 above it). */
  readonly root: string;
  /** Root of a user namespace cannot make device nodes and writes overlay's attributes as `user.overlay.*`. */
  readonly inUserNamespace: boolean;
  /** The trees of the layers below, lowest first, once they are complete. Called only when needed. */
  readonly below: () => Promise<readonly string[]>;
}

/** The kernel's own limit on symbolic links in one look-up. */
const LINKS_MAX = 40;

/** The time of a directory that no entry gives one: the same on every machine. */
const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };

function isDefaultRoot(stats: Stats): boolean {
  return (stats.mode & 0o7777) === 0o755 && stats.uid === 0 && stats.gid === 0;
}

/** A path as one text, to compare and to look up. */
export const pathKey = (path: EntryPath): string => path.join("/");

/**
 * The directories of one layer's tree. Every path is walked here, component by component, and a symbolic link on the
 * way is resolved as if the layer were the root; so nothing outside `root` is ever touched.
 */
export class LayerDirectories {
  /**
   * True when the result depends on files that the layers below have or lack: it then belongs to this chain only.
   */
  dependsOnLower = false;
  /** Directories that exist in this layer, with the time each must have in the end. */
  readonly #known = new Map<string, { path: EntryPath; mtime: Timestamp | undefined }>();
  readonly #root: Buffer;
  readonly #opaque: string;
  #lower: readonly string[] | undefined;

  constructor(private readonly options: TreeOptions) {
    this.#root = Buffer.from(options.root);
    this.#opaque = opaqueAttribute(options.inUserNamespace);
    this.know([], undefined);
  }

  absolute(path: EntryPath): Buffer {
    return joinPath(this.#root, path);
  }

  stat(path: EntryPath): Stats | undefined {
    return lstatSync(this.absolute(path), { throwIfNoEntry: false });
  }

  /** Remembers that this is a directory, and the time that it must have in the end. */
  know(path: EntryPath, mtime: Timestamp | undefined): void {
    this.#known.set(pathKey(path), { path, mtime });
  }

  /** A directory and all below it have been removed. */
  forget(path: EntryPath): void {
    const below = `${pathKey(path)}/`;
    this.#known.delete(pathKey(path));
    for (const name of this.#known.keys()) if (name.startsWith(below)) this.#known.delete(name);
  }

  /** Whether the look-ups for this entry can leave this layer: a parent or a link target is not (yet) in it. */
  needsLower(entry: LayerEntry): boolean {
    if (this.#lower !== undefined) return false;
    if (!this.#known.has(pathKey(entry.path.slice(0, -1)))) return true;
    if (entry.kind !== "hardlink") return false;
    return !this.#known.has(pathKey(entry.linkPath.slice(0, -1))) || this.stat(entry.linkPath) === undefined;
  }

  async waitForLower(): Promise<void> {
    this.#lower = await this.options.below();
  }

  /** The file that the layers below show at the path, unless this layer hides it. Needs {@link waitForLower}. */
  findBelow(path: EntryPath): LowerFile | undefined {
    for (let depth = 0; depth < path.length; depth++) {
      const parent = path.slice(0, depth);
      const hidden = this.stat(parent) !== undefined && readAttributes(this.absolute(parent)).has(this.#opaque);
      if (hidden) return undefined;
    }
    return findInLower(this.#lower ?? [], path, this.#opaque);
  }

  /** Makes a directory, or keeps the one that is there. One that takes a file's place hides what lies below. */
  create(path: EntryPath): void {
    if (this.#known.has(pathKey(path))) return;
    const absolute = this.absolute(path);
    const there = this.stat(path);
    if (there?.isDirectory() !== true) {
      if (there !== undefined) unlinkSync(absolute);
      mkdirSync(absolute, 0o755);
      if (there !== undefined) this.makeOpaque(path);
    }
    this.know(path, undefined);
  }

  makeOpaque(path: EntryPath): void {
    setAttribute(this.absolute(path), this.#opaque, Buffer.from("y"));
  }

  /** Makes a file of this layer like one below. Returns its time. */
  copyFromBelow(lower: LowerFile, absolute: Buffer): Timestamp {
    this.dependsOnLower = true;
    return copyMetadata(lower, absolute, this.#opaque);
  }

  /** Sets the times of all directories, which entries in them have changed since; and the root's owner and mode. */
  async finish(): Promise<void> {
    if (this.#known.get("")?.mtime === undefined) await this.#inheritRoot();
    for (const { path, mtime } of this.#known.values()) {
      if (mtime !== undefined) setTimes(this.absolute(path), mtime);
    }
  }

  /**
   * Overlay shows the highest layer's root, and most archives do not mention it: then it is as it was below. The usual
   * owner and mode are the default of every layer, so only another root makes a layer depend on its chain.
   */
  async #inheritRoot(): Promise<void> {
    await this.waitForLower();
    const lower = this.findBelow([]);
    if (lower !== undefined && !isDefaultRoot(lower.stats)) {
      this.copyFromBelow(lower, this.#root);
    }
    this.know([], EPOCH);
  }

  /**
   * The real path of a directory, made if need be. A component that this layer lacks is looked up in the layers
   * below: a directory there is made here with the same owner, mode, attributes and time (an archive may leave out
   * the parents), a symbolic link is followed.
   */
  resolve(wanted: EntryPath): EntryPath {
    if (this.#known.has(pathKey(wanted))) return wanted;
    let links = 0;
    let real: string[] = [];
    const rest = [...wanted];
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        real.pop(); // At the root, `..` is the root, as after chroot(2).
        continue;
      }
      const path = [...real, part];
      if (this.#known.has(pathKey(path))) {
        real = path;
        continue;
      }
      const target = this.#linkOrDirectory(path);
      if (target === undefined) {
        real = path;
        continue;
      }
      links += 1;
      if (links > LINKS_MAX) throw new ImageError("hostile-layer", "too many symbolic links in its path");
      rest.unshift(...target.split("/"));
      if (target.startsWith("/")) real = [];
    }
    return real;
  }

  /** The target when a symbolic link is there; otherwise undefined, and there is a directory now. */
  #linkOrDirectory(path: EntryPath): string | undefined {
    const own = this.stat(path);
    if (own?.isSymbolicLink()) return readlinkSync(this.absolute(path), { encoding: "buffer" }).toString("latin1");
    if (own !== undefined) {
      if (!own.isDirectory() && !isWhiteout(own)) {
        throw new ImageError("hostile-layer", `its parent ${pathKey(path)} is not a directory`);
      }
      this.create(path);
      return undefined;
    }
    const lower = this.findBelow(path);
    // Also when nothing is there: another image may have a link or a folder of its own in that place.
    this.dependsOnLower = true;
    if (lower?.stats.isSymbolicLink()) {
      return readlinkSync(lower.path, { encoding: "buffer" }).toString("latin1");
    }
    if (lower !== undefined && !lower.stats.isDirectory()) {
      throw new ImageError("hostile-layer", `its parent ${pathKey(path)} is not a directory in the layers below`);
    }
    this.create(path);
    if (lower === undefined) {
      chmodSync(this.absolute(path), 0o755); // Whatever the umask is.
      this.know(path, EPOCH);
    } else {
      this.know(path, this.copyFromBelow(lower, this.absolute(path)));
    }
    return undefined;
  }
}

import { chmodSync, lstatSync, mkdirSync, readlinkSync, type Stats, unlinkSync } from "node:fs";
import { DEPTH_MAX, DeepPaths } from "../../system/deep-paths.ts";
import { setAttribute, setTimes, type Timestamp } from "../../system/file-attributes.ts";
import { removeTree } from "../../system/remove-tree.ts";
import { ImageError } from "../error.ts";
import { Deletions } from "./deletions.ts";
import type { EntryPath, LayerEntry } from "./entry.ts";
import { foldersOf, LayerFolder, type Place } from "./layer-folder.ts";
import { LAYER_LIMITS, type LayerLimits } from "./limits.ts";
import { isWhiteout, type LowerFile, LowerTrees, opaqueAttribute } from "./lower.ts";
import { copyMetadata } from "./metadata.ts";

/** The surroundings of a tree. */
export interface TreeOptions {
  /** Absolute path of an existing, empty directory that no other user can enter (mode 0700 above it). */
  readonly root: string;
  /** Root of a user namespace cannot make device nodes and writes overlay's attributes as `user.overlay.*`. */
  readonly inUserNamespace: boolean;
  /** The trees of the layers below, lowest first, once they are complete. Called only when needed. */
  readonly below: () => Promise<readonly string[]>;
  readonly limits?: Pick<LayerLimits, "entries">;
}

/** The kernel's own limit on symbolic links in one look-up. */
const LINKS_MAX = 40;

/** The time of a directory that no entry gives one: the same on every machine. */
const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };

function isDefaultRoot(stats: Stats): boolean {
  return (stats.mode & 0o7777) === 0o755 && stats.uid === 0 && stats.gid === 0;
}

/** A path as one text, for messages. */
export const pathText = (path: EntryPath): string => path.join("/");

/**
 * The directories of one layer's tree. Every path is walked here, component by component, and a symbolic link on the
 * way is resolved as if the layer were the root; so nothing outside `root` is ever touched. A component costs the same
 * however deep it is.
 */
export class LayerDirectories {
  /**
   * True when the result depends on files that the layers below have or lack: it then belongs to this chain only.
   */
  dependsOnLower = false;
  readonly #top = new LayerFolder("", undefined);
  readonly #paths = new DeepPaths();
  readonly #deletions = new Deletions(this);
  readonly #root: Buffer;
  readonly #opaque: string;
  #made = 0;
  #lower: LowerTrees | undefined;

  constructor(private readonly options: TreeOptions) {
    this.#root = Buffer.from(options.root);
    this.#opaque = opaqueAttribute(options.inUserNamespace);
  }

  get top(): LayerFolder {
    return this.#top;
  }

  /** A path for system calls, to be used at once. */
  absolute({ folder, name }: Place): Buffer {
    return this.#paths.of(this.#root, folder, name);
  }

  pathOf(folder: LayerFolder): Buffer {
    return this.#paths.of(this.#root, folder);
  }

  stat(place: Place): Stats | undefined {
    return lstatSync(this.absolute(place), { throwIfNoEntry: false });
  }

  /** A file or directory has been removed. */
  forget({ folder, name }: Place): void {
    folder.children.delete(name);
    folder.whiteouts.delete(name);
  }

  /** Whether the look-ups for this entry can leave this layer: a parent or a link target is not (yet) in it. */
  needsLower(entry: LayerEntry): boolean {
    if (this.#lower !== undefined) return false;
    if (this.#find(entry.path.slice(0, -1)) === undefined) return true;
    if (entry.kind !== "hardlink") return false;
    const folder = this.#find(entry.linkPath.slice(0, -1));
    const there = folder && this.stat({ folder, name: entry.linkPath.at(-1) ?? "." });
    return there === undefined || isWhiteout(there);
  }

  async waitForLower(): Promise<void> {
    this.#lower ??= new LowerTrees(await this.options.below(), this.#paths, this.#opaque);
  }

  /** The file that the layers below show at the place, unless this layer hides it. Needs {@link waitForLower}. */
  findBelow(place: Place): LowerFile | undefined {
    return this.#lower?.find(place);
  }

  /**
   * The file of the layers below at a path that this layer has deleted or hidden, and has nothing else at. Needs
   * {@link waitForLower}.
   */
  findDeleted(path: EntryPath): LowerFile | undefined {
    let folder = this.#top;
    for (const name of path.slice(0, -1)) {
      const next = folder.children.get(name);
      if (next === undefined) return this.#deletions.hides({ folder, name }) ? this.#lower?.findPath(path) : undefined;
      folder = next;
    }
    const place = { folder, name: path.at(-1) ?? "." };
    return this.#deletions.hides(place) ? this.#lower?.findPath(path) : undefined;
  }

  /** Makes a directory, or keeps the one that is there. One that takes a file's place hides what lies below. */
  create(place: Place): LayerFolder {
    const { folder, name } = place;
    const known = folder.children.get(name);
    if (known !== undefined) return known;
    const there = this.stat(place);
    if (there !== undefined) unlinkSync(this.absolute(place));
    mkdirSync(this.absolute(place), 0o755);
    const made = this.#know(place);
    if (there !== undefined) this.makeOpaque(made);
    return made;
  }

  /** Hides what the layers below have in the directory, with what this layer has deleted of it. */
  makeOpaque(folder: LayerFolder): void {
    setAttribute(this.pathOf(folder), this.#opaque, Buffer.from("y"));
    this.#deletions.cover(folder);
  }

  /** Removes a directory of this layer with all that is in it. */
  remove(place: Place): void {
    removeTree(this.absolute(place));
    this.forget(place);
  }

  /** Makes a file of this layer like one below. Returns its time. */
  copyFromBelow(lower: LowerFile, absolute: Buffer): Timestamp {
    this.dependsOnLower = true;
    return copyMetadata(lower, absolute, this.#opaque);
  }

  /** Sets the times of all directories, which entries in them have changed since; and the root's owner and mode. */
  async finish(): Promise<void> {
    if (this.#top.mtime === undefined) await this.#inheritRoot();
    await this.#dropIdleDeletions();
    for (const folder of foldersOf(this.#top)) {
      if (folder.mtime !== undefined) setTimes(this.pathOf(folder), folder.mtime);
    }
    this.close();
  }

  close(): void {
    this.#paths.close();
  }

  /**
   * Overlay shows the highest layer's root, and most archives do not mention it: then it is as it was below. The usual
   * owner and mode are the default of every layer, so only another root makes a layer depend on its chain.
   */
  async #inheritRoot(): Promise<void> {
    await this.waitForLower();
    const lower = this.#top.covered ? undefined : this.#lower?.root();
    if (lower !== undefined && !isDefaultRoot(lower.stats)) this.copyFromBelow(lower, this.#root);
    this.#top.mtime = EPOCH;
  }

  /**
   * Removes deletions from folders that no layer below has, where overlayfs, which has nothing to merge, would list
   * them as files. (The root is always merged, with the container's own layer.)
   */
  async #dropIdleDeletions(): Promise<void> {
    const folders = [...foldersOf(this.#top)].filter((it) => it !== this.#top && !it.covered && it.whiteouts.size > 0);
    if (folders.length === 0) return;
    await this.waitForLower();
    for (const folder of folders) {
      if (this.#lower?.showing(folder).length !== 0) continue;
      this.dependsOnLower = true;
      this.#deletions.undelete(folder);
    }
  }

  /**
   * The real directory of a path, made if need be. A component that this layer lacks is looked up in the layers below:
   * a directory there is made here with the same owner, mode, attributes and time (an archive may leave out the
   * parents), a symbolic link is followed.
   */
  resolve(wanted: EntryPath): LayerFolder {
    const folder = this.#walk(wanted, false);
    if (folder === undefined) throw new ImageError("hostile-layer", `its parent ${pathText(wanted)} is hidden`);
    return folder;
  }

  /**
   * The same for what only hides files of layers below; undefined where this layer hides them already, and so nothing
   * is to be made.
   */
  resolveToHide(wanted: EntryPath): LayerFolder | undefined {
    return this.#walk(wanted, true);
  }

  #walk(wanted: EntryPath, hides: boolean): LayerFolder | undefined {
    let links = 0;
    let real = this.#top;
    // Last first.
    const rest = wanted.toReversed();
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === "" || part === ".") continue;
      if (part === "..") {
        real = real.parent ?? real; // At the root, `..` is the root, as after chroot(2).
        continue;
      }
      const place: Place = { folder: real, name: part };
      const next = real.children.get(part) ?? this.#linkOrDirectory(place, hides);
      if (next === undefined) return undefined;
      if (next instanceof LayerFolder) {
        real = next;
        if (!hides) real.bare = false;
        continue;
      }
      links += 1;
      if (links > LINKS_MAX) throw new ImageError("hostile-layer", "too many symbolic links in its path");
      rest.push(...next.target.split("/").reverse());
      if (next.target.startsWith("/")) real = this.#top;
    }
    return real;
  }

  /** The directory that is there now, or the target of a symbolic link; undefined as {@link resolveToHide} says. */
  #linkOrDirectory(place: Place, hides: boolean): LayerFolder | { target: string } | undefined {
    const own = this.stat(place);
    if (own?.isSymbolicLink()) return { target: readTarget(this.absolute(place)) };
    if (own !== undefined) {
      if (hides) return undefined;
      if (!isWhiteout(own)) throw new ImageError("hostile-layer", `its parent ${place.name} is not a directory`);
      return this.create(place);
    }
    if (hides && place.folder.covered) return undefined;
    const lower = this.findBelow(place);
    // Also when nothing is there: another image may have a link or a folder of its own in that place.
    this.dependsOnLower = true;
    if (lower?.stats.isSymbolicLink()) return { target: readTarget(lower.path) };
    if (lower !== undefined && !lower.stats.isDirectory()) {
      if (hides) return undefined;
      throw new ImageError("hostile-layer", `its parent ${place.name} is not a directory in the layers below`);
    }
    const made = this.create(place);
    made.bare = hides;
    if (lower === undefined) chmodSync(this.pathOf(made), 0o755); // Whatever the umask is.
    made.mtime = lower === undefined ? EPOCH : this.copyFromBelow(lower, this.pathOf(made));
    return made;
  }

  #know({ folder, name }: Place): LayerFolder {
    this.#made += 1;
    const { entries } = this.options.limits ?? LAYER_LIMITS;
    if (this.#made > entries) throw new ImageError("too-large", `more than ${entries} directories`);
    if (folder.depth >= DEPTH_MAX) throw new ImageError("hostile-layer", "its directories are nested too deep");
    const made = new LayerFolder(name, folder);
    folder.children.set(name, made);
    folder.whiteouts.delete(name);
    return made;
  }

  /** The directory of a path without links, if it is in this layer. */
  #find(path: EntryPath): LayerFolder | undefined {
    let folder: LayerFolder | undefined = this.#top;
    for (const name of path) folder = folder?.children.get(name);
    return folder;
  }
}

function readTarget(path: Buffer): string {
  return readlinkSync(path, { encoding: "buffer" }).toString("latin1");
}

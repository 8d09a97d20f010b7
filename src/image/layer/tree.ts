import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  openSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { isTaken } from "../../system/error.ts";
import { makeNode, setTimes } from "../../system/file-attributes.ts";
import { SparseWriter } from "../../tar/sparse.ts";
import { ImageError } from "../error.ts";
import type { EntryPath, LayerEntry } from "./entry.ts";
import type { LayerFolder, Place } from "./layer-folder.ts";
import { isWhiteout, type LowerFile } from "./lower.ts";
import { own, setAttributes } from "./metadata.ts";
import { LayerDirectories, pathText, type TreeOptions } from "./tree-directories.ts";

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
/** Major and minor number, as stat(2) packs them (gnu_dev_major(3)). */
function deviceOf(rdev: number): [major: number, minor: number] {
  return [(rdev >>> 8) & 0xfff, (rdev & 0xff) | ((rdev >>> 12) & 0xfff00)];
}

/**
 * One layer's files on disk, in the form that overlay mounts: deletions are character devices 0:0, hidden
 * directories carry the opaque attribute. The kernel is only given paths in which every parent is known to be a
 * directory of this layer (LayerDirectories), and the last part is never followed.
 */
export class LayerTree {
  readonly #directories: LayerDirectories;
  #open:
    | { fd: number; entry: LayerEntry; path: Buffer; write: (chunk: Buffer) => void; sparse?: SparseWriter }
    | undefined;

  constructor(private readonly options: TreeOptions) {
    this.#directories = new LayerDirectories(options);
  }

  /**
   * True when the result depends on files that the layers below have or lack: it then belongs to this chain only.
   */
  get dependsOnLower(): boolean {
    return this.#directories.dependsOnLower;
  }

  /**
   * Creates the entry; a file stays open for {@link data} and {@link end}. Returns a promise only when the layers
   * below have to be waited for, so that an ordinary layer costs no turn of the event loop for each file.
   */
  begin(entry: LayerEntry): void | Promise<void> {
    if (this.#directories.needsLower(entry)) {
      return this.#directories.waitForLower().then(() => this.#create(entry));
    }
    this.#create(entry);
  }

  data(chunk: Buffer): void {
    this.#open?.write(chunk);
  }

  end(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    try {
      if (open.sparse !== undefined) ftruncateSync(open.fd, open.sparse.end());
      own(() => fchownSync(open.fd, open.entry.uid, open.entry.gid), open.entry, this.options);
      fchmodSync(open.fd, open.entry.mode);
    } finally {
      closeSync(open.fd);
    }
    setAttributes(open.path, open.entry.attributes);
    setTimes(open.path, open.entry.mtime);
  }

  /** Sets the times of directories, which later entries would have changed, and the root, if no entry describes it. */
  async finish(): Promise<void> {
    await this.#directories.finish();
  }

  /** Gives up an open file. */
  abort(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
    this.#directories.close();
  }

  #create(entry: LayerEntry): void {
    if (entry.kind === "whiteout" || entry.kind === "opaque") {
      this.#hide(entry);
      return;
    }
    const [name, parents] = [entry.path.at(-1), entry.path.slice(0, -1)];
    if (name === undefined) {
      if (entry.kind !== "directory") throw new ImageError("hostile-layer", "the layer's root is not a directory");
      this.#finishDirectory(this.#directories.top, entry);
      return;
    }
    const place = { folder: this.#directories.resolve(parents), name };
    switch (entry.kind) {
      case "directory":
        this.#finishDirectory(this.#directories.create(place), entry);
        return;
      case "hardlink":
        this.#createLink(place, entry.linkPath);
        return;
      case "file":
        this.#openFile(place, entry);
        return;
      default:
        this.#createSpecial(place, entry);
    }
  }

  #finishDirectory(folder: LayerFolder, entry: LayerEntry): void {
    const absolute = this.#directories.pathOf(folder);
    own(() => lchownSync(absolute, entry.uid, entry.gid), entry, this.options);
    chmodSync(absolute, entry.mode);
    setAttributes(absolute, entry.attributes);
    folder.mtime = entry.mtime;
    folder.bare = false;
  }

  /**
   * A deletion, of a file or of all that is in a folder. Some tools (umoci, stacker) write deletions for files in a
   * folder that is deleted itself, or is a file now: they have nothing left to hide.
   */
  #hide({ kind, path }: LayerEntry): void {
    if (kind === "opaque") {
      const folder = this.#directories.resolveToHide(path);
      if (folder !== undefined) this.#directories.makeOpaque(folder);
      return;
    }
    const folder = this.#directories.resolveToHide(path.slice(0, -1));
    if (folder !== undefined) this.#createWhiteout({ folder, name: path.at(-1) ?? "" });
  }

  /** A whiteout hides files of lower layers only: a file of this layer stays, a directory of it becomes opaque. */
  #createWhiteout(place: Place): void {
    const { folder, name } = place;
    const there = folder.children.get(name);
    if (there !== undefined && !there.bare) {
      this.#directories.makeOpaque(there);
      return;
    }
    if (there !== undefined) this.#directories.remove(place);
    if (folder.covered || this.#directories.stat(place) !== undefined) return;
    makeNode(this.#directories.absolute(place), S_IFCHR, 0, 0);
    folder.whiteouts.add(name);
  }

  #createLink(place: Place, linkPath: EntryPath): void {
    const name = linkPath.at(-1);
    if (name === undefined) throw new ImageError("hostile-layer", "a hard link to the layer's root");
    const deleted = this.#directories.findDeleted(linkPath);
    if (deleted !== undefined && !deleted.stats.isDirectory()) {
      // Some tools delete a file before they link to it: it is linked to as it was.
      this.#clear(place);
      this.#copy(deleted, place);
      return;
    }
    const target = { folder: this.#directories.resolve(linkPath.slice(0, -1)), name };
    const there = this.#directories.stat(target);
    const missing = there === undefined || isWhiteout(there);
    if (there?.isDirectory())
      throw new ImageError("hostile-layer", `a hard link to the directory ${pathText(linkPath)}`);
    if (missing && (there !== undefined || !this.#copyUp(target))) {
      throw new ImageError("hostile-layer", `a hard link to ${pathText(linkPath)}, which does not exist`);
    }
    // GNU tar writes this for a file that it was given twice.
    if (target.folder === place.folder && target.name === place.name) return;
    const inItsPlace = place.folder.children.get(place.name);
    for (let at: LayerFolder | undefined = target.folder; at !== undefined; at = at.parent) {
      if (at === inItsPlace)
        throw new ImageError("hostile-layer", "a hard link in the place of the directory that holds its target");
    }
    this.#clear(place);
    linkSync(this.#directories.absolute(target), this.#directories.absolute(place));
  }

  /** Overlay would copy a lower file up before linking to it; so does this. False when there is none. */
  #copyUp(place: Place): boolean {
    const lower = this.#directories.findBelow(place);
    if (lower === undefined || lower.stats.isDirectory()) return false;
    this.#copy(lower, place);
    return true;
  }

  #copy(lower: LowerFile, place: Place): void {
    const { stats } = lower;
    const absolute = this.#directories.absolute(place);
    if (stats.isSymbolicLink()) symlinkSync(readlinkSync(lower.path, { encoding: "buffer" }), absolute);
    else if (stats.isFile()) copyFileSync(lower.path, absolute, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else makeNode(absolute, stats.mode, ...deviceOf(stats.rdev));
    this.#directories.copyFromBelow(lower, absolute);
  }

  /** Opens a new file, in the place of an earlier entry's if there is one. */
  #openFile(place: Place, entry: LayerEntry): void {
    const absolute = this.#directories.absolute(place);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let fd: number;
    try {
      fd = openSync(absolute, flags, 0o600);
    } catch (error) {
      if (!isTaken(error)) throw error;
      this.#clear(place);
      fd = openSync(absolute, flags, 0o600);
    }
    let at = 0;
    const writeAll = (bytes: Buffer, offset: number): void => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
      }
    };
    const append = (chunk: Buffer): void => {
      writeAll(chunk, at);
      at += chunk.length;
    };
    const { sparse: map } = entry;
    if (map === undefined) {
      this.#open = { fd, entry, path: absolute, write: append };
      return;
    }
    const sparse = new SparseWriter(map, writeAll);
    this.#open = { fd, entry, path: absolute, write: (chunk) => sparse.data(chunk), sparse };
  }

  #createSpecial(place: Place, entry: LayerEntry): void {
    const device = entry.kind === "character" || entry.kind === "block";
    if (device && this.options.inUserNamespace) return; // The kernel forbids it there; podman leaves them out too.
    this.#clear(place);
    const absolute = this.#directories.absolute(place);
    if (entry.kind === "symlink") symlinkSync(Buffer.from(entry.target, "latin1"), absolute);
    else {
      const type = entry.kind === "character" ? S_IFCHR : entry.kind === "block" ? S_IFBLK : S_IFIFO;
      makeNode(absolute, type | 0o600, entry.major, entry.minor);
    }
    own(() => lchownSync(absolute, entry.uid, entry.gid), entry, this.options);
    if (entry.kind !== "symlink") chmodSync(absolute, entry.mode);
    setAttributes(absolute, entry.attributes);
    setTimes(absolute, entry.mtime);
  }

  /** Removes the file or directory of an earlier entry of this layer: the last one counts. */
  #clear(place: Place): void {
    const there = this.#directories.stat(place);
    if (there?.isDirectory()) {
      this.#directories.remove(place);
    } else if (there !== undefined) {
      unlinkSync(this.#directories.absolute(place));
      this.#directories.forget(place);
    }
  }
}

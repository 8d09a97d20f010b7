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
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { errnoName, ImageError } from "../error.ts";
import type { EntryPath, LayerEntry } from "./entry.ts";
import { findInLower, isWhiteout, joinPath, type LowerFile, opaqueAttribute } from "./lower.ts";
import type { Native, Timestamp } from "./native.ts";
import { SparseWriter } from "./sparse.ts";

/** What a tree must know of the world around it. */
export interface TreeOptions {
  /** Absolute path of an existing, empty directory that nobody else can enter (mode 0700 above it). */
  readonly root: string;
  readonly native: Native;
  /** Root of a user namespace cannot make device nodes and writes overlay's attributes as `user.overlay.*`. */
  readonly inUserNamespace: boolean;
  /** The trees of the layers below, lowest first, once they are complete. Asked for only when needed. */
  readonly below: () => Promise<readonly string[]>;
}

const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
/** The kernel's own limit on symbolic links in one look-up. */
const LINKS_MAX = 40;
/** Attributes that a file system or a user namespace may refuse without harm, as podman and umoci do. */
const REFUSED_ATTRIBUTE: readonly string[] = ["ENOTSUP", "EOPNOTSUPP", "EPERM", "EINVAL"];

/** The time of a directory that nobody gave one: the same on every machine. */
const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };

function isDefaultRoot(stats: Stats): boolean {
  return (stats.mode & 0o7777) === 0o755 && stats.uid === 0 && stats.gid === 0;
}

const key = (path: EntryPath): string => path.join("/");

/**
 * One layer's files on disk, in the form that overlay mounts: deletions are character devices 0:0, hidden
 * directories carry the opaque attribute. Every path is walked here, component by component, and a symbolic link on
 * the way is resolved as if the layer were the root; so nothing outside `root` is ever touched, and the kernel is
 * only given paths in which every parent is known to be a directory.
 */
export class LayerTree {
  /** True when something was taken from the layers below: the result then belongs to this chain only. */
  dependsOnLower = false;
  /** Directories that exist in this layer, with the time each must have in the end. */
  readonly #directories = new Map<string, { path: EntryPath; mtime: Timestamp | undefined }>();
  readonly #root: Buffer;
  readonly #opaque: string;
  #lower: readonly string[] | undefined;
  #open:
    | { fd: number; entry: LayerEntry; path: Buffer; write: (chunk: Buffer) => void; sparse?: SparseWriter }
    | undefined;

  constructor(private readonly options: TreeOptions) {
    this.#root = Buffer.from(options.root);
    this.#opaque = opaqueAttribute(options.inUserNamespace);
    this.#directories.set("", { path: [], mtime: undefined });
  }

  /**
   * Creates the entry; a file stays open for {@link data} and {@link end}. Returns a promise only when the layers
   * below have to be waited for, so that an ordinary layer costs no turn of the event loop for each file.
   */
  begin(entry: LayerEntry): void | Promise<void> {
    if (this.#needsLower(entry)) {
      return this.#waitForLower().then(() => this.#create(entry));
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
      this.#own(() => fchownSync(open.fd, open.entry.uid, open.entry.gid), open.entry);
      fchmodSync(open.fd, open.entry.mode);
    } finally {
      closeSync(open.fd);
    }
    this.#setAttributes(open.path, open.entry.attributes);
    this.options.native.setTimes(open.path, open.entry.mtime);
  }

  /** Sets what later entries would have changed, the times of directories; and the root, if no entry was about it. */
  async finish(): Promise<void> {
    if (this.#directories.get("")?.mtime === undefined) await this.#inheritRoot();
    for (const { path, mtime } of this.#directories.values()) {
      if (mtime !== undefined) this.options.native.setTimes(this.#absolute(path), mtime);
    }
  }

  /**
   * Overlay shows the highest layer's root, and most archives do not mention it: then it is as it was below. The usual
   * owner and mode are everybody's default, so only another root makes a layer depend on its chain.
   */
  async #inheritRoot(): Promise<void> {
    await this.#waitForLower();
    const lower = this.#find([]);
    if (lower !== undefined && !isDefaultRoot(lower.stats)) {
      this.dependsOnLower = true;
      this.#copyMetadata(lower, this.#root);
    }
    this.#directories.set("", { path: [], mtime: EPOCH });
  }

  /** Gives up an open file. */
  abort(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #absolute(path: EntryPath): Buffer {
    return joinPath(this.#root, path);
  }

  #stat(path: EntryPath): Stats | undefined {
    return lstatSync(this.#absolute(path), { throwIfNoEntry: false });
  }

  /** Whether the look-ups for this entry can leave this layer: a parent or a link target is not (yet) in it. */
  #needsLower(entry: LayerEntry): boolean {
    if (this.#lower !== undefined) return false;
    if (!this.#directories.has(key(entry.path.slice(0, -1)))) return true;
    if (entry.kind !== "hardlink") return false;
    return !this.#directories.has(key(entry.linkPath.slice(0, -1))) || this.#stat(entry.linkPath) === undefined;
  }

  async #waitForLower(): Promise<void> {
    this.#lower = await this.options.below();
  }

  #find(path: EntryPath): LowerFile | undefined {
    return findInLower(this.#lower ?? [], path, this.options.native, this.#opaque);
  }

  #create(entry: LayerEntry): void {
    if (entry.kind === "opaque") {
      this.#makeOpaque(this.#directory(entry.path));
      return;
    }
    if (entry.path.length === 0) {
      if (entry.kind !== "directory") throw new ImageError("hostile-layer", "the layer's root is not a directory");
      this.#finishDirectory([], entry);
      return;
    }
    const path = [...this.#directory(entry.path.slice(0, -1)), entry.path.at(-1) ?? ""];
    switch (entry.kind) {
      case "directory":
        this.#createDirectory(path);
        this.#finishDirectory(path, entry);
        return;
      case "whiteout":
        this.#createWhiteout(path);
        return;
      case "hardlink":
        this.#createLink(path, entry.linkPath);
        return;
      case "file":
        this.#openFile(path, entry);
        return;
      default:
        this.#createSpecial(path, entry);
    }
  }

  #finishDirectory(path: EntryPath, entry: LayerEntry): void {
    const absolute = this.#absolute(path);
    this.#own(() => lchownSync(absolute, entry.uid, entry.gid), entry);
    chmodSync(absolute, entry.mode);
    this.#setAttributes(absolute, entry.attributes);
    this.#directories.set(key(path), { path, mtime: entry.mtime });
  }

  /** Makes a directory, or keeps the one that is there. One that takes a file's place hides what lies below. */
  #createDirectory(path: EntryPath): void {
    if (this.#directories.has(key(path))) return;
    const absolute = this.#absolute(path);
    const there = this.#stat(path);
    if (there?.isDirectory() !== true) {
      if (there !== undefined) unlinkSync(absolute);
      mkdirSync(absolute, 0o755);
      if (there !== undefined) this.#makeOpaque(path);
    }
    this.#directories.set(key(path), { path, mtime: undefined });
  }

  #makeOpaque(path: EntryPath): void {
    this.options.native.setAttribute(this.#absolute(path), this.#opaque, Buffer.from("y"));
  }

  /** A whiteout speaks of the layers below only: a file of this layer stays, a directory of it hides theirs. */
  #createWhiteout(path: EntryPath): void {
    const there = this.#stat(path);
    if (there?.isDirectory()) this.#makeOpaque(path);
    if (there === undefined) this.options.native.makeNode(this.#absolute(path), S_IFCHR, 0, 0);
  }

  #createLink(path: EntryPath, linkPath: EntryPath): void {
    const base = linkPath.at(-1);
    if (base === undefined) throw new ImageError("hostile-layer", "a hard link to the layer's root");
    const target = [...this.#directory(linkPath.slice(0, -1)), base];
    const there = this.#stat(target);
    const missing = there === undefined || isWhiteout(there);
    if (there?.isDirectory()) throw new ImageError("hostile-layer", `a hard link to the directory ${key(linkPath)}`);
    if (missing && (there !== undefined || !this.#copyUp(target))) {
      throw new ImageError("hostile-layer", `a hard link to ${key(linkPath)}, which does not exist`);
    }
    if (key(target) === key(path)) return; // GNU tar writes this for a file that it was given twice.
    if (key(target).startsWith(`${key(path)}/`)) {
      throw new ImageError("hostile-layer", "a hard link in the place of the directory that holds its target");
    }
    this.#clear(path);
    linkSync(this.#absolute(target), this.#absolute(path));
  }

  /** Overlay would copy a lower file up before linking to it; so does this. False when there is none. */
  #copyUp(path: EntryPath): boolean {
    const lower = this.#find(path);
    if (lower === undefined || lower.stats.isDirectory()) return false;
    const { stats } = lower;
    const absolute = this.#absolute(path);
    if (stats.isSymbolicLink()) symlinkSync(readlinkSync(lower.path, { encoding: "buffer" }), absolute);
    else if (stats.isFile()) copyFileSync(lower.path, absolute, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else this.options.native.makeNode(absolute, stats.mode, Number(BigInt(stats.rdev) >> 8n), stats.rdev & 0xff);
    this.#copyMetadata(lower, absolute);
    this.dependsOnLower = true;
    return true;
  }

  #copyMetadata(lower: LowerFile, absolute: Buffer): Timestamp {
    const { stats } = lower;
    lchownSync(absolute, stats.uid, stats.gid);
    if (!stats.isSymbolicLink()) chmodSync(absolute, stats.mode & 0o7777);
    const attributes = this.options.native.attributes(lower.path);
    attributes.delete(this.#opaque);
    this.#setAttributes(absolute, attributes);
    const { mtimeNs } = lstatSync(lower.path, { bigint: true });
    const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    const mtime = { seconds: (mtimeNs - nanoseconds) / 1_000_000_000n, nanoseconds: Number(nanoseconds) };
    this.options.native.setTimes(absolute, mtime);
    return mtime;
  }

  /** Opens a new file, or one in the place of what an earlier entry left there. */
  #openFile(path: EntryPath, entry: LayerEntry): void {
    const absolute = this.#absolute(path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let fd: number;
    try {
      fd = openSync(absolute, flags, 0o600);
    } catch (error) {
      if (errnoName(error) !== "EEXIST") throw error;
      this.#clear(path);
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

  #createSpecial(path: EntryPath, entry: LayerEntry): void {
    const device = entry.kind === "character" || entry.kind === "block";
    if (device && this.options.inUserNamespace) return; // The kernel forbids it there; podman leaves them out too.
    this.#clear(path);
    const absolute = this.#absolute(path);
    if (entry.kind === "symlink") symlinkSync(Buffer.from(entry.target, "latin1"), absolute);
    else {
      const type = entry.kind === "character" ? S_IFCHR : entry.kind === "block" ? S_IFBLK : S_IFIFO;
      this.options.native.makeNode(absolute, type | 0o600, entry.major, entry.minor);
    }
    this.#own(() => lchownSync(absolute, entry.uid, entry.gid), entry);
    if (entry.kind !== "symlink") chmodSync(absolute, entry.mode);
    this.#setAttributes(absolute, entry.attributes);
    this.options.native.setTimes(absolute, entry.mtime);
  }

  /** In a user namespace only the mapped ids exist (user_namespaces(7)); chown(2) says EINVAL to any other. */
  #own(chown: () => void, { uid, gid }: Pick<LayerEntry, "uid" | "gid">): void {
    try {
      chown();
    } catch (error) {
      if (errnoName(error) !== "EINVAL" || !this.options.inUserNamespace) throw error;
      const hint = "the user's ranges in /etc/subuid and /etc/subgid are too small";
      throw new ImageError("unsupported", `its owner ${uid}:${gid} is not mapped: ${hint}`, {}, { cause: error });
    }
  }

  /** Removes what an earlier entry of this layer made: the last one counts. */
  #clear(path: EntryPath): void {
    const there = this.#stat(path);
    if (there === undefined) return;
    if (!there.isDirectory()) {
      unlinkSync(this.#absolute(path));
      return;
    }
    rmSync(this.#absolute(path), { recursive: true });
    const below = `${key(path)}/`;
    this.#directories.delete(key(path));
    for (const name of this.#directories.keys()) if (name.startsWith(below)) this.#directories.delete(name);
  }

  #setAttributes(path: Buffer, attributes: ReadonlyMap<string, Buffer>): void {
    for (const [name, value] of attributes) {
      try {
        this.options.native.setAttribute(path, name, value);
      } catch (error) {
        if (!REFUSED_ATTRIBUTE.includes(errnoName(error) ?? "")) throw error;
      }
    }
  }

  /**
   * The real path of a directory, made if need be. A component that this layer lacks is looked up in the layers
   * below: a directory there is made here with the same owner, mode, attributes and time (an archive may leave out
   * the parents), a symbolic link is followed.
   */
  #directory(wanted: EntryPath): EntryPath {
    if (this.#directories.has(key(wanted))) return wanted;
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
      if (this.#directories.has(key(path))) {
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
    const own = this.#stat(path);
    if (own?.isSymbolicLink()) return readlinkSync(this.#absolute(path), { encoding: "buffer" }).toString("latin1");
    if (own !== undefined) {
      if (!own.isDirectory() && !isWhiteout(own)) {
        throw new ImageError("hostile-layer", `its parent ${key(path)} is not a directory`);
      }
      this.#createDirectory(path);
      return undefined;
    }
    const lower = this.#find(path);
    if (lower?.stats.isSymbolicLink()) {
      this.dependsOnLower = true;
      return readlinkSync(lower.path, { encoding: "buffer" }).toString("latin1");
    }
    if (lower !== undefined && !lower.stats.isDirectory()) {
      throw new ImageError("hostile-layer", `its parent ${key(path)} is not a directory in the layers below`);
    }
    this.#createDirectory(path);
    if (lower === undefined) {
      chmodSync(this.#absolute(path), 0o755); // Whatever the umask is.
      this.#directories.set(key(path), { path, mtime: EPOCH });
    } else {
      this.dependsOnLower = true;
      this.#directories.set(key(path), { path, mtime: this.#copyMetadata(lower, this.#absolute(path)) });
    }
    return undefined;
  }
}

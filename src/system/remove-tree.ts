/** Removing folders that a payload or an archive has filled, however deep and full they are. */
import { closeSync, constants, openSync } from "node:fs";
import { O_CLOEXEC } from "./constants.ts";
import { isMissing } from "./error.ts";
import { BATCH_BYTES, folderEntries } from "./folder-entries.ts";
import { cString, lastErrno, lastFailure, libc, ptr } from "./libc.ts";

// <fcntl.h>
const AT_REMOVEDIR = 0x200;
// <asm/unistd.h>, the same on every architecture; <linux/openat2.h>
const SYS_OPENAT2 = 437;
const RESOLVE_NO_XDEV = 0x01n;
const RESOLVE_NO_SYMLINKS = 0x04n;
const HOW = new BigUint64Array([
  BigInt(constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | O_CLOEXEC),
  0n,
  RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
]);
/** Entries between two looks at the clock. */
const STEPS = 1024;
/** Times that a tree is read which somebody fills while it is removed. */
const TRIES = 16;

/**
 * Removes a file, or a folder with all that is in it; a missing one is removed already. Work and time grow with the
 * number of files alone, and neither memory nor open files with it: a folder's own folders are moved up to the first
 * one, so that nothing is ever deep. Everything is done below open folders, and no symbolic link is followed, so
 * whoever changes the tree meanwhile cannot lead this out of it. It may be killed anywhere and called again.
 *
 * Gives up soon after `deadline` (in milliseconds, as performance.now() counts) and returns false; true when all is
 * gone.
 * Throws "syscall", when something in it is a mount or immutable.
 */
export function removeTree(path: string | Buffer, deadline = Number.POSITIVE_INFINITY): boolean {
  const bytes = Buffer.from(path as string);
  const slash = bytes.lastIndexOf("/");
  let parent: number;
  try {
    parent = openSync(slash < 0 ? "." : bytes.subarray(0, slash + 1), "r");
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
  const shown = bytes.toString();
  try {
    const name = Buffer.concat([bytes.subarray(slash + 1), Buffer.alloc(1)]);
    if (unlinkUnlessFolder(parent, name, shown)) return true;
    for (let tries = 1; ; tries++) {
      const root = openFolder(parent, name, shown);
      if (root === undefined) return true;
      try {
        if (!new Removal(root, shown, deadline).run()) return false;
      } finally {
        closeSync(root);
      }
      if (libc("unlinkat")(parent, name, AT_REMOVEDIR) === 0) return true;
      const errno = lastErrno();
      if (errno === "ENOENT") return true;
      // What is put into a folder while it is read may be missed: it is read once more.
      if ((errno !== "ENOTEMPTY" && errno !== "EEXIST") || tries === TRIES) throw lastFailure(`remove ${shown}`, errno);
    }
  } finally {
    closeSync(parent);
  }
}

/** One folder that is being emptied. */
class Removal {
  /** Folders that were moved up are named by numbers; these are waiting. */
  #first = 0;
  #next = 0;
  #steps = 0;
  readonly #spare: Buffer[] = [];

  constructor(
    private readonly root: number,
    private readonly path: string,
    private readonly deadline: number,
  ) {}

  run(): boolean {
    if (!this.#empty(this.root)) return false;
    for (; this.#first < this.#next; this.#first++) {
      if (!this.#remove(this.root, cString(String(this.#first)))) return false;
    }
    return true;
  }

  /** Removes a folder's files, and its folders or moves them up. False when the time is over. */
  #empty(folder: number): boolean {
    const batch = this.#spare.pop() ?? Buffer.alloc(BATCH_BYTES);
    for (const { name, isFolder } of folderEntries(folder, batch, `read a folder below ${this.path}`)) {
      if (!this.#removeEntry(folder, name, isFolder)) return false;
    }
    this.#spare.push(batch);
    return true;
  }

  /** False when the time is over. */
  #removeEntry(folder: number, name: Buffer, isFolder: boolean): boolean {
    this.#steps += 1;
    if (this.#steps % STEPS === 0 && performance.now() > this.deadline) return false;
    if (!isFolder && unlinkUnlessFolder(folder, name, this.path)) return true;
    if (folder !== this.root && this.#moveUp(folder, name)) return true;
    return this.#remove(folder, name);
  }

  /** Empties a folder of `parent` and removes it. */
  #remove(parent: number, name: Buffer): boolean {
    const folder = openFolder(parent, name, this.path);
    if (folder === undefined) return true;
    try {
      if (!this.#empty(folder)) return false;
    } finally {
      closeSync(folder);
    }
    // ENOTEMPTY: something was put into it meanwhile; then it is removed once more, with what holds it.
    if (libc("unlinkat")(parent, name, AT_REMOVEDIR) === 0) return true;
    const errno = lastErrno();
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ENOTEMPTY" || errno === "EEXIST") return true;
    throw lastFailure(`remove a folder below ${this.path}`, errno);
  }

  /**
   * False for a folder that stays where it is, to be emptied there: an overlay cannot move those of its lower layers
   * (EXDEV), and none of these is deep.
   */
  #moveUp(folder: number, name: Buffer): boolean {
    for (;;) {
      const to = cString(String(this.#next++));
      if (libc("renameat")(folder, name, this.root, to) === 0) return true;
      const errno = lastErrno();
      if (errno === "ENOENT") return true;
      // A file or folder of that name was there all along.
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST" && errno !== "ENOTDIR") return false;
    }
  }
}

/** Removes what is no folder; false for a folder. */
function unlinkUnlessFolder(parent: number, name: Buffer, path: string): boolean {
  if (libc("unlinkat")(parent, name, 0) === 0) return true;
  const errno = lastErrno();
  if (errno === "EISDIR") return false;
  if (errno === "ENOENT") return true;
  throw lastFailure(`remove ${path}`, errno);
}

/** Undefined when there is no such folder (any more). Throws "syscall", for a mount point EXDEV. */
function openFolder(parent: number, name: Buffer, path: string): number | undefined {
  const fd = Number(libc("syscall")(SYS_OPENAT2, parent, ptr(name), ptr(HOW), HOW.byteLength, 0));
  if (fd >= 0) return fd;
  const errno = lastErrno();
  if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return undefined;
  throw lastFailure(`remove ${path}: open a folder`, errno);
}

/** Reading a folder piece by piece, getdents64(2): node:fs takes all names of one that holds millions into memory. */
import { closeSync, constants, openSync } from "node:fs";
import { check, libc } from "./libc.ts";

/** struct linux_dirent64: offsets, and the type of a folder. */
const RECORD_LENGTH = 16;
const TYPE = 18;
const NAME = 19;
const DT_DIR = 4;

/** A few hundred names or more. */
export const BATCH_BYTES = 32 * 1024;

export interface FolderEntry {
  /** With a NUL behind it, as system calls take it; good until the next piece is read. */
  readonly name: Buffer;
  /** False also where the file system does not say. */
  readonly isFolder: boolean;
}

/** The entries of an open folder from where it was read last, without "." and "..". Throws "syscall" with `what`. */
export function* folderEntries(folder: number, batch: Buffer, what: string): Generator<FolderEntry> {
  const read = () => check(libc("getdents64")(folder, batch, batch.length), what);
  for (let length = read(); length > 0; length = read()) {
    for (let at = 0; at < length; at += batch.readUInt16LE(at + RECORD_LENGTH)) {
      const name = batch.subarray(at + NAME, batch.indexOf(0, at + NAME) + 1);
      if (!isDots(name)) yield { name, isFolder: batch[at + TYPE] === DT_DIR };
    }
  }
}

/** Whether nothing is in the folder. Throws as node:fs does, and "syscall". */
export function isEmptyFolder(path: string): boolean {
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return folderEntries(folder, Buffer.alloc(1024), `read ${path}`).next().done === true;
  } finally {
    closeSync(folder);
  }
}

/** "." or "..", with the NUL behind it. */
function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name.length === 2 || (name.length === 3 && name[1] === 0x2e));
}

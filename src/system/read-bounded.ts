import { closeSync, constants, fstatSync, openSync, readSync, statfsSync } from "node:fs";
import { isErrno, SystemError } from "./error.ts";

/** File systems whose files are made by the kernel as they are read, and may have no end: <linux/magic.h>. */
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, // procfs
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0xcafe4a11, // bpf
]);

/**
 * Reads a file that a stranger may have made: a regular one on a file system that keeps files, up to `limit` bytes.
 * Waits for nothing (a fifo) and sets nothing off (a device). Undefined for what is no such file. Throws SystemError
 * "too-long", and node:fs's error if there is no file.
 */
export function readBounded(path: string, limit: number): Buffer | undefined {
  const fd = openIfFile(path);
  if (fd === undefined) return undefined;
  try {
    return readDescriptor(fd, path, limit);
  } finally {
    closeSync(fd);
  }
}

/** Undefined for a socket, or a device without a driver, which cannot be opened. */
function openIfFile(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, "ENXIO")) return undefined;
    throw error;
  }
}

/** The same for a file that is open already; `path` is what errors call it. */
export function readDescriptor(fd: number, path: string, limit: number): Buffer | undefined {
  const stats = fstatSync(fd);
  if (!stats.isFile() || KERNEL_FILE_SYSTEMS.has(statfsSync(`/proc/self/fd/${fd}`).type)) return undefined;
  const tooLong = () => new SystemError("too-long", `${path} is longer than ${limit} bytes`);
  if (stats.size > limit) throw tooLong();
  // The file may grow while it is read.
  const buffer = Buffer.alloc(stats.size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read)
    read = readSync(fd, buffer, length, buffer.length - length, null);
  if (length > limit) throw tooLong();
  return buffer.subarray(0, length);
}

/** readBounded() where anything but such a file is an error: throws "not-regular" too. */
export function readRegular(path: string, limit: number): Buffer {
  const bytes = readBounded(path, limit);
  if (bytes === undefined) throw new SystemError("not-regular", `${path} is not a regular file`);
  return bytes;
}

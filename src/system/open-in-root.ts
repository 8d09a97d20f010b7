/** Looking up a path inside a container's root as if that root were "/", openat2(2). */
import { O_CLOEXEC } from "./constants.ts";
import { cString, lastErrno, lastFailure, libc, ptr } from "./libc.ts";

// <asm/unistd.h>, the same on every architecture; <linux/openat2.h>
const SYS_OPENAT2 = 437;
const RESOLVE_IN_ROOT = 0x10n;

/**
 * open(2): finds the file without opening it, so that no fifo blocks and no device starts. Node does not name the flag.
 */
export const O_PATH = 0o10000000;

/**
 * Opens `path` as it is seen from inside `root`: symbolic links, "..", and absolute paths all stay below it
 * (openat2(2), RESOLVE_IN_ROOT). Returns a file descriptor, or undefined if no such file exists. Throws
 * "syscall" for any other failure.
 */
export function openInRoot(root: number, path: string, flags: number): number | undefined {
  const name = cString(path);
  const how = new BigUint64Array([BigInt(flags | O_CLOEXEC), 0n, RESOLVE_IN_ROOT]);
  const fd = Number(libc("syscall")(SYS_OPENAT2, root, ptr(name), ptr(how), how.byteLength, 0));
  if (fd >= 0) return fd;
  const errno = lastErrno();
  if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return undefined;
  throw lastFailure(`open ${path} in the root file system`, errno);
}

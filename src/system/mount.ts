/** Mounting and unmounting: mount(2), umount2(2). They act on the calling thread's mount namespace. */
import { check, cString, lastErrno, lastFailure, libc, ptr } from "./libc.ts";

// <linux/mount.h>
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;

/** mount(2). `data` is the file system's own option string. Throws "syscall". */
export function mount(source: string, target: string, type: string, flags: number, data = ""): void {
  const result = libc("mount")(
    ptr(cString(source)),
    ptr(cString(target)),
    ptr(cString(type)),
    flags,
    ptr(cString(data)),
  );
  if (result === 0) return;
  const errno = lastErrno();
  const why = Object.hasOwn(REASONS, errno) ? ` (${REASONS[errno]})` : "";
  throw lastFailure(`mount ${type || source} on ${target}${why}`, errno);
}

/** What mount(2) means by errors whose usual meaning is another one. */
const REASONS: Readonly<Record<string, string>> = {
  ENAMETOOLONG: "a path or name in it is longer than the kernel takes, 4095 and 255 bytes",
  ENODEV: "this kernel has no such file system, or no module for it",
  ENOSPC: "no more mounts fit into this mount namespace, see fs.mount-max",
};

/** umount2(2) with MNT_DETACH. Does nothing where nothing is mounted. Throws "syscall". */
export function detachMount(path: string): void {
  const MNT_DETACH = 2;
  if (libc("umount2")(ptr(cString(path)), MNT_DETACH) === 0) return;
  const errno = lastErrno();
  if (errno !== "EINVAL" && errno !== "ENOENT") throw lastFailure(`unmount ${path}`, errno);
}

/** The flags among nosuid, nodev and noexec of the mount that `path` is on (statvfs(3)). Throws "syscall". */
export function mountFlags(path: string): ("nosuid" | "nodev" | "noexec")[] {
  // f_flag is the tenth of glibc's 64-bit fields; ST_NOSUID, ST_NODEV, ST_NOEXEC are 2, 4, 8.
  const facts = new BigUint64Array(16);
  check(libc("statvfs")(ptr(cString(path)), ptr(facts)), `statvfs ${path}`);
  const flags = Number((facts[9] ?? 0n) & 0xffn);
  return (["nosuid", "nodev", "noexec"] as const).filter((_, index) => (flags & (2 << index)) !== 0);
}

/**
 * Id-mapped mounts: the same files with other owners, which the kernel maps at every look-up (mount_setattr(2),
 * MOUNT_ATTR_IDMAP, Linux 5.12; as layers of an overlay 5.19). The OCI runtime of Debian 12 makes none, so berth does.
 * Loaded only for containers that need one.
 */
import { attachMount, cloneMount, shiftOwners } from "./detached-mount.ts";
import { check, lastErrno, lastFailure, libc } from "./libc.ts";

/**
 * The errors of a kernel, or a file system, that has no id-mapped mounts, or that does not let the caller make them.
 * The last two are names of one number.
 */
const REFUSALS: readonly string[] = ["ENOSYS", "EINVAL", "EPERM", "EOPNOTSUPP", "ENOTSUP"];

/**
 * Mounts `source` (a file or folder) once more at `target`, with owners shifted by the maps of `userNamespace`, an open
 * namespace file that is not the caller's own: files of id N on the disk belong, through the mount, to the outer id
 * that the namespace maps N to. Files of unmapped ids belong to the overflow id and cannot be changed. With
 * `recursive`, mounts below `source` are included and shifted too. The mount is made in this thread's mount namespace;
 * the caller unmounts it.
 *
 * Returns false, with nothing mounted, where the kernel refuses to shift: too old, a file system without the feature,
 * or a caller that is not root of the machine (the file system's own user namespace). Throws "syscall" for anything
 * else, as a `source` that does not exist.
 */
export function mountShifted(
  source: string,
  target: string,
  userNamespace: number,
  options: { readonly recursive?: boolean } = {},
): boolean {
  const recursive = options.recursive === true;
  const clone = cloneMount(source, recursive);
  if (clone < 0) {
    const errno = lastErrno();
    if (errno === "ENOSYS") return false;
    throw lastFailure(`clone the mount of ${source}`, errno);
  }
  try {
    if (shiftOwners(clone, userNamespace, recursive) < 0) {
      const errno = lastErrno();
      if (REFUSALS.includes(errno)) return false;
      throw lastFailure(`shift the owners in ${source}`, errno);
    }
    check(attachMount(clone, target), `mount ${source} on ${target}`);
    return true;
  } finally {
    libc("close")(clone);
  }
}

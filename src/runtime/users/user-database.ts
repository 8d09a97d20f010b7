import { closeSync, constants, existsSync, fstatSync, openSync, realpathSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { MountRequest } from "../../options/requests/run-request.ts";
import { isKernelPlace } from "../../options/values/mount/kernel-place.ts";
import { O_PATH, openInRoot } from "../../system/open-in-root.ts";
import { readDescriptor } from "../../system/read-bounded.ts";
import { RuntimeError } from "../error.ts";
import { mountPlace } from "../mount/mount-place.ts";
import type { UserDatabase } from "./container-user.ts";

/** The longest of the two files that is read: bytes. Some fifty thousand users fit in. */
const DATABASE_MAX = 4 * 1024 * 1024;

/** The container's own /etc/passwd and /etc/group; symbolic links in it stay inside `rootfs`. Throws "too-long". */
export function readUserDatabase(rootfs: string): UserDatabase {
  const read = (path: string) => onFile(rootfs, path, constants.O_RDONLY, (fd) => readAll(fd, path)) ?? "";
  return { passwd: read("/etc/passwd"), group: read("/etc/group") };
}

/**
 * Checks what the OCI runtime is going to read of the two files, as the payload will see it: it would wait for a fifo,
 * and read a device without end. `mounted` are those that something of the host's is mounted on. Throws "bad-request".
 */
export function checkUserDatabase(rootfs: string, mounted: Partial<UserDatabase>): void {
  for (const name of ["passwd", "group"] as const) {
    if (mounted[name] !== undefined) continue;
    const path = `/etc/${name}`;
    const refuse = (why: string): never => {
      throw new RuntimeError("bad-request", `${path} in the container is no file${why}`);
    };
    const place = mountPlace(rootfs, path, []);
    if (isKernelPlace(place)) refuse(`, but a link to ${place}`);
    if (isOther(rootfs, path)) refuse("");
  }
}

/** Whether there is something else than a regular file at a path. */
function isOther(rootfs: string, path: string): boolean {
  return onPath(rootfs, path, (fd) => !fstatSync(fd).isFile()) ?? false;
}

/**
 * Those of the two files that a bind mount replaces: `Volume=/srv/passwd:/etc/passwd`, or a folder on /etc.
 */
export function mountedUserDatabase(mounts: readonly MountRequest[]): Partial<UserDatabase> {
  const mountedAt = (target: string) => mounts.findLast((mount) => mount.type === "bind" && mount.target === target);
  const read = (name: string): string | undefined => {
    const file = mountedAt(`/etc/${name}`) ?? mountedAt("/etc");
    // A source that does not exist is reported when it is mounted.
    if (file?.type !== "bind" || !existsSync(file.source)) return undefined;
    const source = realpathSync(file.source);
    const [folder, path] = file.target === "/etc" ? [source, `/${name}`] : [dirname(source), `/${basename(source)}`];
    return onFile(folder, path, constants.O_RDONLY, (fd) => readAll(fd, file.source)) ?? "";
  };
  const [passwd, group] = [read("passwd"), read("group")];
  return { ...(passwd === undefined ? {} : { passwd }), ...(group === undefined ? {} : { group }) };
}

/** Appends lines to those of the container's own /etc/passwd and /etc/group that are not empty (`present`). */
export function extendUserDatabase(rootfs: string, present: UserDatabase, lines: UserDatabase): void {
  for (const name of ["passwd", "group"] as const) {
    // An empty text may come from something that is no file, and cannot be written to either.
    if (lines[name] === "" || present[name] === "") continue;
    const separator = present[name].endsWith("\n") ? "" : "\n";
    onFile(rootfs, `/etc/${name}`, constants.O_WRONLY | constants.O_APPEND, (fd) =>
      writeSync(fd, `${separator}${lines[name]}`),
    );
  }
}

function readAll(fd: number, path: string): string {
  return readDescriptor(fd, path, DATABASE_MAX)?.toString() ?? "";
}

/** Opens a regular file of the root file system; undefined if there is no regular file at the path. */
function onFile<T>(rootfs: string, path: string, flags: number, act: (fd: number) => T): T | undefined {
  return onPath(rootfs, path, (found) =>
    fstatSync(found).isFile() ? onDescriptor(`/proc/self/fd/${found}`, flags, act) : undefined,
  );
}

/**
 * Finds a path of the root file system, without opening what is there: an image could have a fifo, and opening that
 * would wait, or a device, and opening that may have an effect.
 */
function onPath<T>(rootfs: string, path: string, act: (fd: number) => T): T | undefined {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const found = openInRoot(root, path, O_PATH);
    if (found === undefined) return undefined;
    try {
      return act(found);
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(root);
  }
}

function onDescriptor<T>(path: string, flags: number, act: (fd: number) => T): T {
  const fd = openSync(path, flags);
  try {
    return act(fd);
  } finally {
    closeSync(fd);
  }
}

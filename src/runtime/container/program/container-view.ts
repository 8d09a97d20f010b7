/** Looking up a path as the payload will see it, before the OCI runtime has made the mounts. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, type Stats } from "node:fs";
import { posix } from "node:path";
import { failedWith } from "../../../error.ts";
import { errnoName, isErrno } from "../../../system/error.ts";
import { O_PATH, openInRoot } from "../../../system/open-in-root.ts";
import { mountPlace } from "../../mount/mount-place.ts";
import type { WrittenSpec } from "../read-spec.ts";

/** path_resolution(7): more links are a loop. */
const LINKS_MAX = 40;

/** A file of the container, open by O_PATH; whoever asked for it closes it. */
export interface SeenFile {
  readonly fd: number;
  readonly stats: Stats;
  /** The options of the mount it lies in; none in the root. */
  readonly options: readonly string[];
}

/** "unknown" below a mount whose files are not there yet, or that this process may not look into. */
type Sight = SeenFile | "missing" | "unknown";

/** The root file system of a container with its mounts over it. */
export class ContainerView {
  readonly #root: string;
  readonly #mounts: WrittenSpec["mounts"];

  constructor({ root, mounts }: { readonly root: { readonly path: string }; readonly mounts: WrittenSpec["mounts"] }) {
    this.#root = root.path;
    // They come to lie where the image's links lead: what is mounted on /bin/x is /usr/bin/x in most images.
    this.#mounts = mounts.map((mount, at) => ({
      ...mount,
      destination: placeOf(root.path, mount.destination, mounts.slice(0, at)),
    }));
  }

  /** The file that an absolute path means, with its links followed inside of the container. */
  find(path: string): Sight {
    const left = path.split("/").reverse();
    let at = "/";
    let links = 0;
    for (;;) {
      const name = left.pop();
      if (name === undefined) return this.#look(at);
      const next = posix.join(at, name);
      if (name === "" || name === "." || name === "..") {
        at = next;
        continue;
      }
      const seen = this.#look(next);
      if (typeof seen === "string") return seen;
      closeSync(seen.fd);
      if (seen.stats.isSymbolicLink()) {
        const target = this.#target(at, name);
        links += 1;
        if (target === undefined || links > LINKS_MAX) return "missing";
        if (target.startsWith("/")) at = "/";
        left.push(...target.split("/").reverse());
      } else {
        if (left.some((part) => part !== "") && !seen.stats.isDirectory()) return "missing";
        at = next;
      }
    }
  }

  /** A place without links before its last name, which may be one. */
  #look(path: string): Sight {
    const mount = this.#mountAt(path);
    if (mount !== undefined && mount.type !== "bind") return "unknown";
    try {
      const fd = open(mount?.source ?? this.#root, path.slice(mount === undefined ? 0 : mount.destination.length));
      // The OCI runtime makes the folders of a mount that the image lacks.
      if (fd === undefined)
        return this.#mounts.some((one) => one.destination.startsWith(`${path}/`)) ? "unknown" : "missing";
      return { fd, stats: fstatSync(fd), options: mount?.options ?? [] };
    } catch (error) {
      if (failedWith(error, "syscall") || isErrno(error, "EACCES", "EPERM", "ENOENT", "ESTALE", "EIO"))
        return "unknown";
      throw error;
    }
  }

  #mountAt(path: string): WrittenSpec["mounts"][number] | undefined {
    let found: WrittenSpec["mounts"][number] | undefined;
    for (const mount of this.#mounts) {
      const { destination } = mount;
      const above = path === destination || path.startsWith(`${destination}/`);
      if (above && destination.length >= (found?.destination.length ?? 0)) found = mount;
    }
    return found;
  }

  #target(folder: string, name: string): string | undefined {
    const seen = this.#look(folder);
    if (typeof seen === "string") return undefined;
    try {
      return readlinkSync(`/proc/self/fd/${seen.fd}/${name}`);
    } catch (error) {
      // It was replaced by something else meanwhile.
      if (errnoName(error) !== undefined) return undefined;
      throw error;
    } finally {
      closeSync(seen.fd);
    }
  }
}

function placeOf(rootfs: string, destination: string, before: WrittenSpec["mounts"]): string {
  try {
    return mountPlace(rootfs, destination, before);
  } catch (error) {
    // The OCI runtime follows a link within a mount, to what nobody can know yet.
    if (failedWith(error, "bad-request")) return destination;
    throw error;
  }
}

function open(root: string, below: string): number | undefined {
  const top = openSync(root, O_PATH);
  if (below === "" || below === "/") return top;
  try {
    return openInRoot(top, below, O_PATH | constants.O_NOFOLLOW);
  } finally {
    closeSync(top);
  }
}

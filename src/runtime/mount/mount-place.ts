import { lstatSync, readlinkSync, realpathSync, type Stats } from "node:fs";
import { join, posix } from "node:path";
import { isReservedPlace, KERNEL_PLACES } from "../../options/values/mount/kernel-place.ts";
import { isErrno } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** A mount below which another one may come to lie. */
type Covering = Pick<SpecMount, "type" | "source" | "destination">;

/** As many links as the kernel follows on one path, path_resolution(7). */
const LINKS_MAX = 40;

/**
 * Where a mount comes to lie: its destination with the links of the image followed, as the OCI runtime follows them,
 * below the mounts that precede it. Throws "bad-request" for a link in such a mount: what is in a volume is another
 * payload's, which could lead the mount anywhere, and too many links.
 */
export function mountPlace(rootfs: string, destination: string, before: readonly Covering[]): string {
  const waiting = destination.split("/").reverse();
  let place = "/";
  let links = 0;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      place = posix.dirname(place);
      continue;
    }
    const path = posix.join(place, name);
    const cover = before.findLast((mount) => path.startsWith(`${posix.join(mount.destination, "/")}`));
    const outside = cover === undefined ? join(rootfs, path) : sourceOf(cover, path);
    if (outside === undefined || statsOf(outside)?.isSymbolicLink() !== true) {
      place = path;
      continue;
    }
    if (cover !== undefined)
      throw new RuntimeError(
        "bad-request",
        `mount ${destination}: ${path} is a link in what is mounted on ${cover.destination}`,
      );
    links += 1;
    if (links > LINKS_MAX) throw new RuntimeError("bad-request", `${destination}: too many links in the image`);
    const target = readlinkSync(outside);
    if (target.startsWith("/")) place = "/";
    waiting.push(...target.split("/").reverse());
  }
  return place;
}

/**
 * Refuses mounts by which a payload or an image would choose what stands where the OCI runtime mounts and masks: it
 * takes the /dev/null that it finds for the real one, and so would show the files of /proc that are to be hidden
 * (CVE-2025-31133, CVE-2025-52565). The host's own /dev, /sys and devices may be mounted on themselves. Throws
 * "bad-request".
 */
export function checkMountPlaces(rootfs: string, mounts: readonly SpecMount[]): void {
  for (const [at, mount] of mounts.entries()) {
    const place = mountPlace(rootfs, mount.destination, mounts.slice(0, at));
    if (!isReservedPlace(place) || isHostsOwn(mount, place)) continue;
    const where = place === mount.destination ? place : `${mount.destination}, which is ${place}`;
    throw new RuntimeError("bad-request", `nothing but the host's own can be mounted on ${where}`);
  }
}

/**
 * Checks what the OCI runtime is going to trust of a mounted image: /dev, /proc and /sys have to be folders, since by a
 * link their file systems would be mounted elsewhere (CVE-2019-19921, CVE-2023-27561), and the working directory must
 * be none that a process has open, the runtime's own among them (CVE-2024-21626). Throws "bad-request".
 */
export function checkImagePlaces(rootfs: string, workdir: string): void {
  // The OCI runtime refuses it too late in the foreground: berth has become it by then, and nobody cleans up.
  if (workdir !== "" && !workdir.startsWith("/"))
    throw new RuntimeError("bad-request", `working directory ${JSON.stringify(workdir)} is not an absolute path`);
  for (const place of KERNEL_PLACES) {
    if (statsOf(join(rootfs, place))?.isDirectory() === false)
      throw new RuntimeError("bad-request", `${place} is no folder in the image`);
  }
  const place = mountPlace(rootfs, workdir, []);
  if (/^\/proc\/(?:self|thread-self|\d+)(?:\/|$)/.test(place))
    throw new RuntimeError("bad-request", `working directory ${JSON.stringify(workdir)} is a process's own: ${place}`);
}

function isHostsOwn({ type, source }: SpecMount, place: string): boolean {
  if (type === "devpts") return place === "/dev/pts";
  if (type !== "bind") return false;
  try {
    const real = realpathSync(source);
    // A device may stand in for another (/dev/urandom for /dev/random), except for the one that masks.
    return real === place || (place !== "/dev/null" && posix.dirname(place) === "/dev" && real.startsWith("/dev/"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

/** The path on the host of a path below a mount; undefined for what is no directory of the host. */
function sourceOf({ type, source, destination }: Covering, path: string): string | undefined {
  return type === "bind" ? join(source, posix.relative(destination, path)) : undefined;
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

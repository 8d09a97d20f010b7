import { lstatSync, readlinkSync, realpathSync, type Stats } from "node:fs";
import { join, posix } from "node:path";
import { isErrno } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** As many links as the kernel follows on one path, path_resolution(7). */
const LINKS_MAX = 40;

/** Devices that the OCI runtime makes or mounts in /dev; /dev/null also covers each masked file. */
const RUNTIME_DEVICES: ReadonlySet<string> = new Set(
  ["null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts"].map((name) => `/dev/${name}`),
);

/** File systems of the kernel, mounted by the OCI runtime in every container. */
const KERNEL_PLACES = ["/dev", "/proc", "/sys"] as const;

/** Whether a path is the place of a file system of the kernel, or below one. */
export function isKernelPlace(place: string): boolean {
  return KERNEL_PLACES.some((kernel) => place === kernel || place.startsWith(`${kernel}/`));
}

/**
 * Where a mount comes to lie: its destination with the links of the image followed, as the OCI runtime follows them,
 * below the mounts that precede it. Throws "bad-request" for a link in such a mount: what is in a volume is another
 * payload's, which could lead the mount anywhere, and too many links.
 */
export function mountPlace(rootfs: string, destination: string, before: readonly SpecMount[]): string {
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
    if (links > LINKS_MAX) throw new RuntimeError("bad-request", `mount ${destination}: too many links in the image`);
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
    if (!isReserved(place) || isHostsOwn(mount, place)) continue;
    const where = place === mount.destination ? place : `${mount.destination}, which is ${place}`;
    throw new RuntimeError("bad-request", `nothing but the host's own can be mounted on ${where}`);
  }
}

function isReserved(place: string): boolean {
  return place === "/dev" || place === "/proc" || place === "/sys" || RUNTIME_DEVICES.has(place);
}

function isHostsOwn({ type, source }: SpecMount, place: string): boolean {
  if (type === "devpts") return place === "/dev/pts";
  if (type !== "bind") return false;
  try {
    return realpathSync(source) === place;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}

/** The path on the host of a path below a mount; undefined for what is no directory of the host. */
function sourceOf({ type, source, destination }: SpecMount, path: string): string | undefined {
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

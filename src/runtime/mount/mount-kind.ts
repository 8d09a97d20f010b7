import { lstatSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { isKernelPlace } from "../../options/values/mount/kernel-place.ts";
import { isErrno } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { mountPlace } from "./mount-place.ts";

/**
 * Refuses bind mounts that the kernel is going to refuse because of what the image has in their place: a file on a
 * folder, a folder on a file, and anything below what is no folder. In the foreground the OCI runtime would say so
 * after berth has become it, and in its own words. Places within other mounts are left to the runtime. Throws
 * "bad-request", also for links without an end.
 */
export function checkMountKinds(rootfs: string, mounts: readonly SpecMount[]): void {
  const isWithinOther = (path: string) => mounts.some(({ destination }) => path.startsWith(`${destination}/`));
  for (const { type, source, destination } of mounts) {
    if (type !== "bind" || isWithinOther(destination)) continue;
    const place = mountPlace(rootfs, destination, []);
    if (isKernelPlace(place) || isWithinOther(place)) continue;
    const mounted = found(() => statSync(source));
    if (mounted !== undefined) checkPlace(rootfs, destination, place, mounted.isDirectory());
  }
}

function checkPlace(rootfs: string, destination: string, place: string, isFolder: boolean): void {
  const names = place.split("/").slice(1);
  for (const at of names.keys()) {
    const path = `/${names.slice(0, at + 1).join("/")}`;
    const there = found(() => lstatSync(join(rootfs, path)));
    // What is not there yet, the OCI runtime makes.
    if (there === undefined) return;
    const isPlace = at === names.length - 1;
    if (there.isDirectory() === (isPlace ? isFolder : true)) continue;
    const what = there.isDirectory() ? "a folder" : "no folder";
    const why = `${isFolder ? "a folder" : "a file"} is to be mounted on ${destination}`;
    throw new RuntimeError("bad-request", `${path} is ${what} in the image, and ${why}`);
  }
}

function found(stats: () => Stats): Stats | undefined {
  try {
    return stats();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG", "EACCES", "ELOOP")) return undefined;
    throw error;
  }
}

import { closeSync, constants, fstatSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MS_BIND, MS_REC, mount, mountFlags } from "../../system/mount.ts";
import { O_PATH, openInRoot } from "../../system/open-in-root.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** podman's words that the runtime must not see: labels (no SELinux here) and what berth itself acts on. */
const OWN_OPTIONS = new Set(["z", "Z", "U", "O", "copy", "nocopy", "nocreate", "rw", "cached", "delegated"]);
const PROPAGATION = /^r?(shared|slave|private|unbindable)$/;

/** Whether an option is podman's own, and nothing to mount with. */
function isOwnOption(option: string): boolean {
  return OWN_OPTIONS.has(option) || /^(upperdir|workdir|idmap)(=|$)/.test(option);
}

/** A bind mount with podman's defaults: recursive, private, and read-write unless "ro" is among the options. */
export function bindMount(source: string, destination: string, options: readonly string[]): SpecMount {
  const kept = options.filter((option) => !isOwnOption(option) && option !== "bind" && option !== "rbind");
  const recursion = options.includes("bind") ? "bind" : "rbind";
  const propagation = kept.some((option) => PROPAGATION.test(option)) ? [] : ["rprivate"];
  return { destination, type: "bind", source, options: [recursion, ...propagation, ...kept] };
}

/**
 * A bind mount has its source's flags as long as nothing changes them; with options of its own it has those only. A
 * folder on a file system without devices or set-uid programs is not to get them back that way.
 */
export function keptFlags({ source, options }: { source: string; options: readonly string[] }): string[] {
  const changing = options.some((option) => !isOwnOption(option) && !/^r?bind$/.test(option));
  return changing
    ? mountFlags(source).filter((flag) => !options.includes(flag) && !options.includes(flag.slice(2)))
    : [];
}

/**
 * Mounts what lies at `subpath` below the folder `root` on the new path `place`, looked up as if `root` were "/":
 * neither a symbolic link nor "..", nor somebody who exchanges them meanwhile, leads out. Throws "volume" if there is
 * nothing.
 */
export function mountSubpath(root: string, subpath: string, place: string): void {
  const folder = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const found = openInRoot(folder, subpath, O_PATH);
    if (found === undefined) throw new RuntimeError("volume", `subpath ${subpath} does not exist`);
    try {
      const stats = fstatSync(found);
      if (!stats.isDirectory() && !stats.isFile())
        throw new RuntimeError("volume", `subpath ${subpath} is neither a folder nor a file`);
      makeMountPoint(place, stats.isDirectory());
      mount(`/proc/self/fd/${found}`, place, "", MS_BIND | MS_REC);
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(folder);
  }
}

/** Makes what a folder, or a file, can be mounted on. */
export function makeMountPoint(place: string, isDirectory: boolean): void {
  mkdirSync(isDirectory ? place : dirname(place), { recursive: true, mode: 0o700 });
  if (!isDirectory) writeFileSync(place, "", { mode: 0o600 });
}

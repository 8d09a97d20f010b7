import { closeSync, constants, fstatSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MS_BIND, MS_REC, mount, mountFlags } from "../../system/mount.ts";
import { O_PATH, openInRoot } from "../../system/open-in-root.ts";
import { RuntimeError } from "../error.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/**
 * podman's options that the OCI runtime must not get: labels (no SELinux here), and those that berth acts on itself.
 */
const OWN_OPTIONS = new Set(["z", "Z", "U", "O", "copy", "nocopy", "nocreate", "rw", "cached", "delegated"]);
const PROPAGATION = /^r?(shared|slave|private|unbindable)$/;

/** Whether an option is podman's own, and not one of mount(8). */
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
 * The flags of the source's file system to keep. A bind mount inherits them unless it has options of its own, which
 * then replace them: without this, a folder on a file system without devices or set-uid programs would get them back.
 */
export function keptFlags({ source, options }: { source: string; options: readonly string[] }): string[] {
  const changing = options.some((option) => !isOwnOption(option) && !/^r?bind$/.test(option));
  return changing
    ? mountFlags(source).filter((flag) => !options.includes(flag) && !options.includes(flag.slice(2)))
    : [];
}

/**
 * Mounts the file or folder at `subpath` below the folder `root` on the new path `place`. The path is resolved as if
 * `root` were "/": neither a symbolic link nor "..", nor one exchanged meanwhile, leads out. Throws "volume" if it does
 * not exist.
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

/** Makes an empty folder or file as a mount point. */
export function makeMountPoint(place: string, isDirectory: boolean): void {
  mkdirSync(isDirectory ? place : dirname(place), { recursive: true, mode: 0o700 });
  if (!isDirectory) writeFileSync(place, "", { mode: 0o600 });
}

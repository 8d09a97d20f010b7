import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Scope } from "../scope.ts";
import type { ContainerUser } from "./container-user.ts";
import { RuntimeError } from "./error.ts";
import { lockExclusive, mountFlags, openInRoot } from "./native.ts";
import { type ContainerPaths, volumesDir } from "./paths.ts";
import { findProgram } from "./programs.ts";
import type { MountRequest } from "./run-request.ts";
import type { SpecMount } from "./runtime-spec.ts";

/** A path inside the container, from "/", without a slash at its end or "..": two that mean the same are the same text. */
export function cleanPath(path: string): string {
  return join("/", path).replace(/(?<=.)\/$/, "");
}

/** podman's words that the runtime must not see: labels (no SELinux here) and what resolveMounts itself acts on. */
const OWN_OPTIONS = new Set(["z", "Z", "U", "copy", "nocopy", "rw"]);
const PROPAGATION = /^r?(shared|slave|private|unbindable)$/;

/** podman's defaults for a tmpfs that is asked for. (podman-run(1) names noexec as well, but it is not so.) */
const TMPFS_OPTIONS: readonly string[] = ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"];

/**
 * The request's mounts with their sources on the host. Named volumes are made when they are first used and then get
 * what the image has at that place, with its owner and mode, or are `user`'s if it has nothing there; volumes without a
 * name lie beside the upper layer and go with it. `imageVolumes` are the image's own VOLUME paths that nothing else is mounted on.
 * Throws "volume" when a host path does not exist.
 */
export function resolveMounts(
  scope: Scope,
  paths: ContainerPaths,
  user: ContainerUser,
  requests: readonly MountRequest[],
  imageVolumes: readonly string[],
): SpecMount[] {
  const covered = new Set(requests.map((request) => request.target));
  const implied = imageVolumes
    .map(cleanPath)
    .filter((target) => !covered.has(target))
    .map((target): MountRequest => ({ type: "anonymous", target, options: [] }));
  return [...requests, ...implied].map((request, index) => resolveMount(scope, paths, user, request, index));
}

function resolveMount(
  scope: Scope,
  paths: ContainerPaths,
  user: ContainerUser,
  request: MountRequest,
  index: number,
): SpecMount {
  switch (request.type) {
    case "tmpfs":
      return {
        destination: request.target,
        type: "tmpfs",
        source: "tmpfs",
        options: tmpfsOptions(request.options, user),
      };
    case "bind":
      if (!existsSync(request.source))
        throw new RuntimeError("volume", `mount ${request.target}: ${request.source} does not exist on the host`);
      giveToUser(request.source, user, request.options);
      return bindMount(request.source, request.target, [...keptFlags(request), ...request.options]);
    case "volume":
      return volumeMount(paths, user, join(volumesDir(scope), request.name, "_data"), request);
    case "anonymous":
      return volumeMount(paths, user, join(paths.layers, "volumes", `${index}`, "_data"), request);
    default:
      throw new RuntimeError("bad-request", `unknown mount ${JSON.stringify(request satisfies never)}`);
  }
}

/**
 * A bind mount has its source's flags as long as nothing changes them; with options of its own it has those only. A folder
 * on a file system without devices or set-uid programs is not to get them back that way.
 */
function keptFlags({ source, options }: { source: string; options: readonly string[] }): string[] {
  const changing = options.some((option) => !OWN_OPTIONS.has(option) && !/^r?bind$/.test(option));
  return changing
    ? mountFlags(source).filter((flag) => !options.includes(flag) && !options.includes(flag.slice(2)))
    : [];
}

/** Option U: everything in the source becomes the payload's user's, as with podman; links are not followed. */
function giveToUser(source: string, user: ContainerUser, options: readonly string[]): void {
  if (!options.includes("U")) return;
  const chown = Bun.spawnSync(
    [findProgram("chown"), "-R", "--no-dereference", "--", `${user.uid}:${user.gid}`, source],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  if (chown.exitCode !== 0)
    throw new RuntimeError("volume", `change the owner of ${source}: ${chown.stderr.toString().trim()}`);
}

function volumeMount(
  paths: ContainerPaths,
  user: ContainerUser,
  data: string,
  request: { target: string; options: readonly string[] },
): SpecMount {
  if (!existsSync(data)) makeVolume(paths, user, data, request);
  giveToUser(data, user, request.options);
  // A volume is a file system for data: no devices and no set-uid programs unless the options say so, as with podman.
  const defaults = ["nosuid", "nodev"].filter((word) => !request.options.includes(word.slice(2)));
  return bindMount(data, request.target, [...defaults, ...request.options]);
}

/** Makes a volume that does not exist yet. It is filled beside its place and renamed: what has a place is complete. */
function makeVolume(
  paths: ContainerPaths,
  user: ContainerUser,
  data: string,
  request: { target: string; options: readonly string[] },
): void {
  const volume = dirname(data);
  // Set-uid programs in it are not for other users to run.
  mkdirSync(volume, { recursive: true, mode: 0o700 });
  const lock = openSync(volume, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    lockExclusive(lock);
    if (existsSync(data)) return;
    const unfinished = `${data}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o755 });
    fillVolume(paths.rootfs, user, unfinished, request);
    renameSync(unfinished, data);
  } finally {
    closeSync(lock);
  }
}

/**
 * Gives a new volume the owner and mode of what the image has at its target, and copies that into it, with owners, modes
 * and xattrs. `target` is looked up inside the root file system, so an image's symbolic links cannot lead the copy to the
 * host's files.
 */
function fillVolume(
  rootfs: string,
  user: ContainerUser,
  data: string,
  { target, options }: { target: string; options: readonly string[] },
): void {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const source = openInRoot(root, target, constants.O_RDONLY | constants.O_DIRECTORY);
    if (source === undefined) {
      chownSync(data, user.uid, user.gid);
      return;
    }
    try {
      const { uid, gid, mode } = fstatSync(source);
      chownSync(data, uid, gid);
      chmodSync(data, mode & 0o7777);
      if (options.includes("nocopy")) return;
      // fd 3 in the copy is the directory itself: no path to be followed twice.
      const copy = Bun.spawnSync([findProgram("cp"), "-a", "--reflink=auto", "/proc/self/fd/3/.", data], {
        stdio: ["ignore", "ignore", "pipe", source],
      });
      if (copy.exitCode !== 0)
        throw new RuntimeError(
          "volume",
          `copy the image's ${target} into a new volume: ${copy.stderr?.toString().trim()}`,
        );
    } finally {
      closeSync(source);
    }
  } finally {
    closeSync(root);
  }
}

/** A bind mount with podman's defaults: recursive, private, and read-write unless "ro" is among the options. */
export function bindMount(source: string, destination: string, options: readonly string[]): SpecMount {
  const kept = options.filter((option) => !OWN_OPTIONS.has(option) && option !== "bind" && option !== "rbind");
  const recursion = options.includes("bind") ? "bind" : "rbind";
  const propagation = kept.some((option) => PROPAGATION.test(option)) ? [] : ["rprivate"];
  return { destination, type: "bind", source, options: [recursion, ...propagation, ...kept] };
}

/** Later words win over the defaults they contradict; U makes the tmpfs the payload's user's. */
function tmpfsOptions(given: readonly string[], user: ContainerUser): string[] {
  const options = given.flatMap((word) => (word === "U" ? [`uid=${user.uid}`, `gid=${user.gid}`] : [word]));
  const opposite = (word: string) => (word === "ro" ? "rw" : word === "notmpcopyup" ? "tmpcopyup" : `no${word}`);
  const contradicted = new Set(options.map(opposite));
  return [
    ...TMPFS_OPTIONS.filter((word) => !contradicted.has(word)),
    ...options.filter((word) => word !== "notmpcopyup"),
  ];
}

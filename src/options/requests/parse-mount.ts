import { resolve } from "node:path";
import { OptionError } from "../error.ts";
import type { MountValue } from "../values/mount/mount.ts";
import type { TmpfsValue } from "../values/mount/tmpfs.ts";
import type { VolumeValue } from "../values/volume.ts";
import type { MountRequest } from "./run-request.ts";

/** The request of a `--volume`. Relative paths are relative to `cwd`. */
export function volumeRequest({ source, target, options }: VolumeValue, cwd: string): MountRequest {
  if (source === undefined) return { type: "anonymous", target, options };
  if ("path" in source) return { type: "bind", source: resolve(cwd, source.path), target, options };
  return { type: "volume", name: source.volume, target, options };
}

/** The request of a `--tmpfs`. */
export function tmpfsRequest({ target, options }: TmpfsValue): MountRequest {
  return { type: "tmpfs", target, options };
}

/** The request of a `--mount`. Relative paths are relative to `cwd`. */
export function mountRequest(mount: MountValue, cwd: string): MountRequest {
  const { type, source, target, options, labels } = mount;
  const below = mount.subpath === undefined ? {} : { subpath: mount.subpath };
  switch (type) {
    case "tmpfs":
    case "ramfs":
    case "devpts":
      return { type, target, options };
    case "glob":
      return { type, pattern: resolve(cwd, source), target, options };
    case "image":
      return { type, image: source, target, options, writable: options.includes("rw"), ...below };
    case "volume":
      if (source === "") return { type: "anonymous", target, options };
      // podman takes a path for a bind mount here, too.
      if (/^[/.]/.test(source)) return { type: "bind", source: resolve(cwd, source), target, options };
      return { type, name: source, target, options, labels, ...below };
    case "bind":
      return { type, source: resolve(cwd, source), target, options };
  }
}

/**
 * The same mounts. Throws OptionError for two with one destination: one would hide the other, and podman refuses that
 * too.
 */
export function apart(mounts: readonly MountRequest[]): readonly MountRequest[] {
  const places = new Set<string>();
  for (const { target } of mounts) {
    // A glob without a target puts each file in its own place.
    if (target !== "" && places.has(target))
      throw new OptionError("duplicate-destination", `${target} is the destination of two mounts`);
    places.add(target);
  }
  return mounts;
}

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { dictionary, flag, number, oneOf, orElse, text } from "../json-fields.ts";
import { VOLUME_DRIVERS, type VolumeDriver } from "../options/values/volume.ts";
import type { Scope } from "../scope.ts";
import { listIfThere } from "../system/files.ts";
import { StateError } from "./error.ts";
import { volumesDir } from "./paths.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "./record-format.ts";

/** What is known of a named volume besides its content: `volume.json` beside its `_data`. */
export interface Volume {
  readonly name: string;
  readonly driver: VolumeDriver;
  /** `type`, `device` and `o` as mount(8) takes them, `image`, and `copy` or `nocopy` (then empty). */
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339. */
  readonly created: string;
  /** Nothing has been copied into it from an image yet. */
  readonly needsCopyUp: boolean;
  /** Its root belongs to whoever uses it next, or to whom the image says. */
  readonly needsOwner: boolean;
}

/** A volume's name is that of its folder, whatever its description says. */
const FORMAT = recordFormat<Volume>(
  { noun: "volume", verb: "made", unreadable: (name) => `the description of volume ${name} cannot be read` },
  {
    name: orElse(text, ""),
    driver: oneOf(...VOLUME_DRIVERS),
    options: orElse(dictionary(text), {}),
    labels: orElse(dictionary(text), {}),
    uid: orElse(number, 0),
    gid: orElse(number, 0),
    created: orElse(text, ""),
    needsCopyUp: orElse(flag, true),
    needsOwner: orElse(flag, true),
  },
);

/** Where one volume's files lie. */
export interface VolumePaths {
  readonly dir: string;
  /** What containers see. */
  readonly data: string;
  readonly description: string;
  /** What is being copied in; what is there when nobody holds the lock on `dir` was cut off. */
  readonly unfinished: string;
  /** What has been copied in and is being moved to `data`. */
  readonly complete: string;
}

export function volumePaths(scope: Scope, name: string): VolumePaths {
  return pathsIn(join(volumesDir(scope), name));
}

/** The same of a volume that has no place in the store (yet). */
export function pathsIn(dir: string): VolumePaths {
  return {
    dir,
    data: join(dir, "_data"),
    description: join(dir, "volume.json"),
    unfinished: join(dir, "_data.new"),
    complete: join(dir, "_data.complete"),
  };
}

/** podman's rule; what begins with a dot is berth's own, and nothing leads out of the folder. */
export function isVolumeName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name);
}

/**
 * The volume of that name, or undefined if there is none. One without a description was made when berth wrote none: it
 * has been filled already. Throws "corrupt-record" and "newer-record".
 */
export function readVolume(scope: Scope, name: string): Volume | undefined {
  if (!isVolumeName(name)) return undefined;
  const paths = volumePaths(scope, name);
  const volume = readRecordFile(paths.description, FORMAT, name);
  if (volume !== undefined) return { ...volume, name };
  return existsSync(paths.data) ? undescribed(name, paths) : undefined;
}

/** All of them, by name. */
export function listVolumes(scope: Scope): Volume[] {
  return listNames(scope).flatMap((name) => readVolume(scope, name) ?? []);
}

/**
 * The volume that a person means: its name, or the only one whose name begins so, as with podman. Throws
 * "no-such-volume"; "ambiguous" when several begin so.
 */
export function findVolume(scope: Scope, word: string): Volume {
  const exact = readVolume(scope, word);
  if (exact !== undefined) return exact;
  const near = word === "" ? [] : listNames(scope).filter((name) => name.startsWith(word));
  if (near.length > 1) throw new StateError("ambiguous", `volume ${word} may be ${near.join(" or ")}`);
  const only = near[0] === undefined ? undefined : readVolume(scope, near[0]);
  if (only !== undefined) return only;
  throw new StateError("no-such-volume", `no such volume: ${word}`);
}

/** Replaces the description in one step. */
export function writeVolume(paths: VolumePaths, volume: Volume): void {
  writeRecordFile(paths.description, FORMAT, volume);
}

function listNames(scope: Scope): string[] {
  return listIfThere(volumesDir(scope)).filter(isVolumeName).sort();
}

function undescribed(name: string, paths: VolumePaths): Volume {
  const { birthtime, mtime } = statSync(paths.dir);
  const created = (birthtime.getTime() > 0 ? birthtime : mtime).toISOString();
  const { uid, gid } = statSync(paths.data);
  return { ...newVolume(name, created), uid, gid, needsCopyUp: false, needsOwner: false };
}

/** A volume as it is made when nothing more is asked for. */
export function newVolume(name: string, created = new Date().toISOString()): Volume {
  return {
    name,
    driver: "local",
    options: {},
    labels: {},
    uid: 0,
    gid: 0,
    created,
    needsCopyUp: true,
    needsOwner: true,
  };
}

/** What a volume with an own file system is mounted with; undefined where its content simply lies in its folder. */
export interface DeviceMount {
  readonly type: string;
  readonly device: string;
  /** Words for mount(8)'s -o. */
  readonly options: readonly string[];
}

/**
 * The mount that `type`, `device` and `o` of a local volume ask for. Words that are not the file system's are left out.
 */
export function deviceMount({ driver, options }: Volume): DeviceMount | undefined {
  const { type = "", device = "", o = "" } = options;
  if (driver !== "local" || (type === "" && device === "")) return undefined;
  const words = o.split(",").filter((word) => word !== "" && word !== "noquota");
  // podman's word for a bind mount is the type; mount(8) wants an option.
  const bind = type === "bind" || type === "none" || words.includes("bind") || words.includes("rbind");
  if (!bind) return { type, device: device === "" ? type : device, options: words };
  const own = words.filter((word) => !/^(r?bind|uid=.*|gid=.*|size=.*|inodes=.*)$/.test(word));
  return { type: "none", device, options: [words.includes("bind") ? "bind" : "rbind", ...own] };
}

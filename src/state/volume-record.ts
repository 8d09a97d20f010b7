import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { dictionary, flag, number, oneOf, orElse, text } from "../json-fields.ts";
import { VOLUME_DRIVERS, type VolumeDriver } from "../options/values/volume.ts";
import type { Scope } from "../scope.ts";
import { listIfThere } from "../system/files.ts";
import { StateError } from "./error.ts";
import { volumesDir } from "./paths.ts";
import { lasting, readRecordFile, recordFormat, type Survey, survey, writeRecordFile } from "./record-format.ts";

/** The description of a named volume: `volume.json` beside its `_data`. */
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
  /** Whether the content of an image is still to be copied into it. */
  readonly needsCopyUp: boolean;
  /** Whether its next use decides who owns its root: the image, or else the payload's user. */
  readonly needsOwner: boolean;
}

/**
 * A volume's name is that of its folder, whatever its description says. What heals it loses no data: a volume without a
 * description is a local one that has been filled.
 */
const FORMAT = recordFormat<Volume>(
  {
    noun: "volume",
    verb: "made",
    remedy: "remove that file: it is a local volume then",
    called: (name) => `the description of volume ${name}`,
  },
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

/** The files of one volume. */
export interface VolumePaths {
  readonly dir: string;
  /** The content, which containers see. */
  readonly data: string;
  readonly description: string;
  /** A copy in progress; without a lock on `dir`, the rest of one that was killed. */
  readonly unfinished: string;
  /** A complete copy, which is being moved to `data`. */
  readonly complete: string;
}

export function volumePaths(scope: Scope, name: string): VolumePaths {
  return pathsIn(join(volumesDir(scope), name));
}

/** The same for a volume in another folder, as one that is being made. */
export function pathsIn(dir: string): VolumePaths {
  return {
    dir,
    data: join(dir, "_data"),
    description: join(dir, "volume.json"),
    unfinished: join(dir, "_data.new"),
    complete: join(dir, "_data.complete"),
  };
}

/** podman's rule. Names with a leading dot are berth's own, and no name leads out of the folder. */
export function isVolumeName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/.test(name);
}

/**
 * The volume of that name; undefined if there is none. A volume without a description is older than descriptions, and
 * has been filled. Throws "corrupt-record" and "newer-record".
 */
export function readVolume(scope: Scope, name: string): Volume | undefined {
  if (!isVolumeName(name)) return undefined;
  const paths = volumePaths(scope, name);
  const volume = readRecordFile(paths.description, FORMAT, name);
  if (volume !== undefined) return { ...volume, name };
  return existsSync(paths.data) ? undescribed(name, paths) : undefined;
}

/** Whether there is a volume of that name, be its description damaged or not. Throws "newer-record". */
export function hasVolume(scope: Scope, name: string): boolean {
  try {
    return readVolume(scope, name) !== undefined;
  } catch (error) {
    if (error instanceof StateError && error.code === "corrupt-record") return true;
    throw error;
  }
}

/** All volumes with a description that can be read, sorted by name, and an error for each of the others. */
export function surveyVolumes(scope: Scope): Survey<Volume> {
  return survey(listFolders(scope), (name) => readVolume(scope, name));
}

/**
 * Finds a volume by its name or, as podman does, by a prefix of it. Throws "no-such-volume", and "ambiguous" for a
 * prefix of several names.
 */
export function findVolume(scope: Scope, word: string): Volume {
  const exact = readVolume(scope, word);
  if (exact !== undefined) return exact;
  const near = word === "" ? [] : listFolders(scope).filter((name) => name.startsWith(word));
  if (near.length > 1) throw new StateError("ambiguous", `volume ${word} may be ${near.join(" or ")}`);
  const only = near[0] === undefined ? undefined : readVolume(scope, near[0]);
  if (only !== undefined) return only;
  throw new StateError("no-such-volume", `no such volume: ${word}`);
}

/** Replaces the description in one step. The caller keeps other writers out by a lock. */
export function writeVolume(paths: VolumePaths, volume: Volume): void {
  writeRecordFile(paths.description, FORMAT, volume, lasting(paths.description));
}

/** The names of all volumes, sorted, whether or not their descriptions can be read. */
export function listVolumeNames(scope: Scope): string[] {
  return listFolders(scope).filter((name) => {
    const { description, data } = volumePaths(scope, name);
    return existsSync(description) || existsSync(data);
  });
}

function listFolders(scope: Scope): string[] {
  return listIfThere(volumesDir(scope)).filter(isVolumeName).sort();
}

function undescribed(name: string, paths: VolumePaths): Volume {
  const { birthtime, mtime } = statSync(paths.dir);
  const created = (birthtime.getTime() > 0 ? birthtime : mtime).toISOString();
  const { uid, gid } = statSync(paths.data);
  return { ...newVolume(name, created), uid, gid, needsCopyUp: false, needsOwner: false };
}

/** A volume with default settings. */
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

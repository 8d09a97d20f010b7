import { mkdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { NetworkRequest, PortMapping } from "../options/requests/run-request.ts";
import type { Scope } from "../scope.ts";
import { isErrno, isMissing, isTaken } from "../system/error.ts";
import { listIfThere, removeIfThere, replaceFile } from "../system/files.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";
import { containerPaths, containersDir, namesDir } from "./paths.ts";

/**
 * What berth remembers of a container between its start and its cleanup: facts for `berth ps` and `inspect`, and what
 * cleanup has to undo. Whether it still runs is not in here: that is systemd's and the kernel's to say.
 */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  /** The service it runs in; undefined for a run in somebody's shell. */
  readonly unit: string | undefined;
  readonly image: string;
  readonly imageDigest: string;
  /** diffIDs in use: the store keeps these layers while the record exists. */
  readonly imageLayers: readonly string[];
  readonly command: readonly string[];
  /** diffIDs of images that are mounted in it, an image an element: their layers stay as well. */
  readonly otherImages?: readonly (readonly string[])[];
  /** Names of the volumes it has mounted: they stay while the record exists. */
  readonly volumes?: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  /**
   * The container's cgroup, as /proc/PID/cgroup shows it: what tells its process from a later one of the same number.
   */
  readonly cgroup: string;
  /** The process that launches the container, or runs it in the foreground. */
  readonly launcher: ProcessIdentity;
  readonly network: NetworkRequest;
  /** The pod that it is in. */
  readonly pod: string | undefined;
  /** What it got in each of its networks, by their names. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly ports: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  /** Without SIG. */
  readonly stopSignal: string;
  /** Seconds. */
  readonly stopTimeout: number;
}

export function writeRecord(scope: Scope, record: ContainerRecord): void {
  replaceFile(containerPaths(scope, record.id).record, JSON.stringify(record));
}

/**
 * The record of one container, or undefined if there is none (a start that was killed before it wrote one, say) or none
 * that can be read: it is then cleaned up without, rather than be in everybody's way.
 */
export function readRecord(scope: Scope, id: string): ContainerRecord | undefined {
  try {
    return JSON.parse(readFileSync(containerPaths(scope, id).record, "utf8")) as ContainerRecord;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** IDs of everything that has a bundle directory, with or without a record. */
export function listContainerIds(scope: Scope): string[] {
  return listIfThere(containersDir(scope)).sort();
}

export function listRecords(scope: Scope): ContainerRecord[] {
  return listContainerIds(scope).flatMap((id) => readRecord(scope, id) ?? []);
}

/** The ID that holds `name`, or undefined. */
export function idOfName(scope: Scope, name: string): string | undefined {
  try {
    return readlinkSync(join(namesDir(scope), name));
  } catch (error) {
    // Words that cannot be a name (".", or a very long one) are nobody's.
    if (isErrno(error, "ENOENT", "EINVAL", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

/** Takes `name` for `id`. False if another container holds it: the link is made exclusively, so two cannot both win. */
export function claimName(scope: Scope, name: string, id: string): boolean {
  mkdirSync(namesDir(scope), { recursive: true, mode: 0o700 });
  try {
    symlinkSync(id, join(namesDir(scope), name));
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

/** Gives `name` up if `id` holds it. */
export function releaseName(scope: Scope, name: string, id: string): void {
  if (idOfName(scope, name) === id) removeIfThere(join(namesDir(scope), name));
}

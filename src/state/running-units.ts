import { mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path/posix";
import type { Scope } from "../scope.ts";
import { isTaken } from "../system/error.ts";
import { replaceLink } from "../system/files.ts";

/** The container or pod that a service runs, and has to clean up when it stops. */
export type RunningUnit =
  | {
      readonly kind: "container";
      readonly id: string;
      /** The service of its pod. */
      readonly pod?: string;
      /** Seconds; -1 for any time. Absent in the notes of an older berth. */
      readonly stopTimeout?: number;
      /** The number of the signal that its payload expects. Absent in the notes of an older berth. */
      readonly stopSignal?: number;
    }
  | { readonly kind: "pod"; readonly id: string; readonly name: string };

/**
 * The running services of containers and pods, one symbolic link each: the file of a running service may have been
 * removed or broken, and the generator lists this folder to write a unit that still stops it and cleans up. The link's
 * target is the note itself; it leads nowhere.
 */
const unitsDir = (scope: Pick<Scope, "runtimeDir">) => join(scope.runtimeDir, "units");

/** Notes what the service runs, in place of the note of an earlier run. */
export function noteUnit(scope: Scope, unit: string, running: RunningUnit): void {
  const path = join(unitsDir(scope), unit);
  const more =
    running.kind === "pod" ? [running.name] : [running.pod ?? "", running.stopTimeout ?? "", running.stopSignal ?? ""];
  const note = [running.kind, running.id, ...more].join(" ").trimEnd();
  mkdirSync(unitsDir(scope), { recursive: true, mode: 0o700 });
  try {
    symlinkSync(note, path);
  } catch (error) {
    if (!isTaken(error)) throw error;
    // Everything in the folder is the note of a service.
    replaceLink(path, note, join(scope.runtimeDir, `units.${process.pid}.new`));
  }
}

/** Removes the note of a service, if it is still about the run with this ID. */
export function forgetUnit(scope: Scope, unit: string, id: string): void {
  if (runningUnit(scope, unit)?.id === id) unlinkSync(join(unitsDir(scope), unit));
}

/** The service and ID of a pod that runs, by its note, for where the pod's own record is damaged. */
export function notedPod(scope: Scope, name: string): { readonly unit: string; readonly id: string } | undefined {
  for (const unit of runningUnitNames(scope)) {
    const running = runningUnit(scope, unit);
    if (running?.kind === "pod" && running.name === name) return { unit, id: running.id };
  }
  return undefined;
}

/** Names of the running services, in no order. */
export function runningUnitNames(scope: Pick<Scope, "runtimeDir">): string[] {
  try {
    return readdirSync(unitsDir(scope));
  } catch {
    return [];
  }
}

/** The note of a service; undefined if it does not run. */
export function runningUnit(scope: Pick<Scope, "runtimeDir">, unit: string): RunningUnit | undefined {
  try {
    const [kind, id = "", name = "", timeout = "", signal = ""] = readlinkSync(join(unitsDir(scope), unit)).split(" ");
    if (kind === "pod") return { kind, id, name };
    const stopTimeout = /^-?\d+$/.test(timeout) ? { stopTimeout: Number(timeout) } : {};
    const stopSignal = /^\d+$/.test(signal) ? { stopSignal: Number(signal) } : {};
    return { kind: "container", id, ...(name === "" ? {} : { pod: name }), ...stopTimeout, ...stopSignal };
  } catch {
    return undefined;
  }
}

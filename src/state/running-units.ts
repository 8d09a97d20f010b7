import { mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path/posix";
import type { Scope } from "../scope.ts";
import { isTaken } from "../system/error.ts";
import { replaceLink } from "../system/files.ts";

/** What a service of berth's runs, and so has to undo when it stops. */
export type RunningUnit =
  | { readonly kind: "container"; readonly id: string /** The service of the pod it is in. */; readonly pod?: string }
  | { readonly kind: "pod"; readonly id: string; readonly name: string };

/**
 * The services of containers and pods that run, one symbolic link each: a service's file may be gone while it runs, or
 * have become a wrong one, and the generator sees from a listing which ones still have to be stopped and cleaned up.
 * The link's target is the note itself; it leads nowhere.
 */
const unitsDir = (scope: Pick<Scope, "runtimeDir">) => join(scope.runtimeDir, "units");

/** Notes that the service runs this; what an earlier run of it may have left there is replaced. */
export function noteUnit(scope: Scope, unit: string, running: RunningUnit): void {
  const path = join(unitsDir(scope), unit);
  const note = [running.kind, running.id, running.kind === "pod" ? running.name : (running.pod ?? "")].join(" ");
  mkdirSync(unitsDir(scope), { recursive: true, mode: 0o700 });
  try {
    symlinkSync(note, path);
  } catch (error) {
    if (!isTaken(error)) throw error;
    // Whatever is in the folder is the note of a service.
    replaceLink(path, note, join(scope.runtimeDir, `units.${process.pid}.new`));
  }
}

/** Takes the note of a service away, if it is still about the run with this ID. */
export function forgetUnit(scope: Scope, unit: string, id: string): void {
  if (runningUnit(scope, unit)?.id === id) unlinkSync(join(unitsDir(scope), unit));
}

/** Names of the services that run; in no order. */
export function runningUnitNames(scope: Pick<Scope, "runtimeDir">): string[] {
  try {
    return readdirSync(unitsDir(scope));
  } catch {
    return [];
  }
}

/** What a service runs; undefined if nothing. */
export function runningUnit(scope: Pick<Scope, "runtimeDir">, unit: string): RunningUnit | undefined {
  try {
    const [kind, id = "", name = ""] = readlinkSync(join(unitsDir(scope), unit)).split(" ");
    if (kind === "pod") return { kind, id, name };
    return { kind: "container", id, ...(name === "" ? {} : { pod: name }) };
  } catch {
    return undefined;
  }
}

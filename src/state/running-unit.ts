import { readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Scope } from "../scope.ts";
import { listIfThere } from "../system/files.ts";

const LINK = "invocation:";

/**
 * The unit that a container of this ID runs in by systemd's own word, whatever has become of the container's record;
 * undefined once the unit has ended. A manager keeps a link `units/invocation:UNIT` to the $INVOCATION_ID of each unit
 * that is not inactive (systemd, unit_export_invocation_id()): a service's is its container's ID. A container of a
 * foreground run has a scope that is named for it.
 */
export function runningUnitOf(scope: Scope, id: string): string | undefined {
  return activeUnits(scope).find(
    (unit) => unit === `berth-${id}.scope` || target(join(unitsDir(scope), `${LINK}${unit}`)) === id,
  );
}

/** The names of all units of the scope's manager that are not inactive. */
export function activeUnits(scope: Scope): string[] {
  return listIfThere(unitsDir(scope)).flatMap((name) => (name.startsWith(LINK) ? [name.slice(LINK.length)] : []));
}

const unitsDir = (scope: Scope) => join(dirname(scope.runtimeDir), "systemd/units");

function target(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    // The unit has ended meanwhile.
    return undefined;
  }
}

import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { type ContainerRecord, readRecord } from "../../state/container-record.ts";
import { isContainerAlive, isOver } from "../../state/liveness.ts";
import { claimName, idOfName, releaseName } from "../../state/names.ts";
import { isAlive } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { cleanUp } from "./cleanup.ts";

/**
 * Claims the container's name. An earlier owner that no longer runs is cleaned up first; with `replace`, any owner is.
 * Throws "name-in-use".
 */
export async function takeName(
  scope: Scope,
  name: string,
  id: string,
  request: RunRequest,
  caller?: string,
): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claimName(scope, name, id)) return;
    const other = idOfName(scope, name);
    if (other === undefined || other === id) continue;
    const record = readRecord(scope, other);
    // systemd runs a unit once at a time, so an earlier run of the same unit is over even if it seems to run.
    const over =
      record === undefined
        ? isOver(scope, other)
        : (record.unit !== undefined && record.unit === request.unit) ||
          isOrphan(record, caller) ||
          !isContainerAlive(scope, record);
    if (!over && !request.replace) {
      const where = record?.unit === undefined ? "" : ` (${record.unit})`;
      throw new RuntimeError("name-in-use", `the name ${name} is in use by container ${other.slice(0, 12)}${where}`);
    }
    await cleanUp(scope, other, "at-once");
    // If its record was never written, cleanUp() does not know the name; only the link identifies the owner.
    releaseName(scope, name, other);
  }
  throw new RuntimeError("name-in-use", `the name ${name} is in use`);
}

/** Whether the process that ran the container in the foreground was killed, in the same service that asks now. */
function isOrphan(record: ContainerRecord, caller: string | undefined): boolean {
  return caller !== undefined && record.caller === caller && !isAlive(record.launcher);
}

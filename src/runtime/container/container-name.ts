import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { readRecord } from "../../state/container-record.ts";
import { isContainerAlive } from "../../state/liveness.ts";
import { claimName, idOfName, releaseName } from "../../state/names.ts";
import { RuntimeError } from "../error.ts";
import { cleanUp } from "./cleanup.ts";

/**
 * Takes the container's name, cleaning up after an earlier owner of which nothing runs any more, or with `replace`
 * after any. Throws "name-in-use".
 */
export async function takeName(scope: Scope, name: string, id: string, request: RunRequest): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claimName(scope, name, id)) return;
    const other = idOfName(scope, name);
    if (other === undefined || other === id) continue;
    const record = readRecord(scope, other);
    // systemd runs a unit once at a time: an earlier run of the same unit is over, whatever it looks like.
    const over =
      record === undefined ||
      (record.unit !== undefined && record.unit === request.unit) ||
      !isContainerAlive(scope, record);
    if (!over && !request.replace) {
      const where = record.unit === undefined ? "" : ` (${record.unit})`;
      throw new RuntimeError("name-in-use", `the name ${name} is in use by container ${other.slice(0, 12)}${where}`);
    }
    await cleanUp(scope, other);
    // Where its record was never written, only the link itself tells whose the name was.
    releaseName(scope, name, other);
  }
  throw new RuntimeError("name-in-use", `the name ${name} is in use`);
}

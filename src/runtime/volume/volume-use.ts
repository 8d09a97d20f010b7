import { existsSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { type ContainerRecord, listContainerIds, readRecord } from "../../state/container-record.ts";
import { isContainerAlive } from "../../state/liveness.ts";
import { containerPaths } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";

/**
 * The containers that run, or are being started, by the names of the volumes they have mounted. A record that cannot be
 * read is an error rather than "uses nothing": data must not be taken from under a container. Call it under the state
 * lock.
 */
export function volumeUses(scope: Scope): Map<string, ContainerRecord[]> {
  const uses = new Map<string, ContainerRecord[]>();
  for (const id of listContainerIds(scope)) {
    const record = readRecord(scope, id);
    if (record === undefined) {
      // Without a file the container has mounted nothing yet, and will make what it finds gone.
      if (existsSync(containerPaths(scope, id).record))
        throw new RuntimeError("volume", `the record of container ${id} cannot be read: see berth cleanup`);
      continue;
    }
    if (record.volumes === undefined || record.volumes.length === 0 || !isContainerAlive(scope, record)) continue;
    for (const name of new Set(record.volumes)) uses.set(name, [...(uses.get(name) ?? []), record]);
  }
  return uses;
}

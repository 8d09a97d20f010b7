import { existsSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { type ContainerRecord, listContainerIds, readRecord } from "../../state/container-record.ts";
import { isContainerAlive } from "../../state/liveness.ts";
import { containerPaths } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";

/**
 * The containers that run, or are being started, by the names of the volumes that they have mounted. The caller holds
 * the state lock. Throws for a record that cannot be read: its container might lose its data.
 */
export function volumeUses(scope: Scope): Map<string, ContainerRecord[]> {
  const uses = new Map<string, ContainerRecord[]>();
  for (const id of listContainerIds(scope)) {
    const record = readRecord(scope, id);
    if (record === undefined) {
      // A container without a record has mounted nothing yet, and creates the volumes that are missing then.
      if (existsSync(containerPaths(scope, id).record))
        throw new RuntimeError("volume", `the record of container ${id} cannot be read: see berth cleanup`);
      continue;
    }
    if (record.volumes === undefined || record.volumes.length === 0 || !isContainerAlive(scope, record)) continue;
    for (const name of new Set(record.volumes)) uses.set(name, [...(uses.get(name) ?? []), record]);
  }
  return uses;
}

/** Throws "volume-in-use" with the names of the containers that use a volume, and `hint`. As volumeUses() otherwise. */
export function requireUnused(scope: Scope, name: string, hint = ""): void {
  const users = volumeUses(scope).get(name) ?? [];
  if (users.length === 0) return;
  const names = users.map((record) => record.name).join(", ");
  throw new RuntimeError("volume-in-use", `volume ${name} is in use by ${names}${hint}`);
}

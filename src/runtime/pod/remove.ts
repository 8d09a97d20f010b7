import { rmSync } from "node:fs";
import type { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { listPodNames, type PodRecord, podPaths, readPod, removeUnfinished } from "../../state/pod-record.ts";
import { isNewer } from "../../state/record-format.ts";
import { forgetUnit, notedPod } from "../../state/running-units.ts";
import { isAlive } from "../../system/process-identity.ts";
import { attemptEach } from "../attempt-each.ts";
import { RuntimeError } from "../error.ts";
import { disconnect } from "../network/disconnect.ts";
import { ociRuntimes } from "../oci-runtime/choice.ts";
import { closeNamespaces, openPinned } from "../systemd/pinned-namespaces.ts";
import { releaseIds } from "../user-namespace/id-leases.ts";
import { disconnectPod } from "./pod-network.ts";

/**
 * Removes all of a pod but its namespaces, which end with its unit: firewall rules, addresses, files. Each step may
 * find its work done already; the directory, by which the pod is found, is removed last. Throws the error that
 * disconnect() returns, at the end.
 */
export async function removePod(scope: Scope, name: string): Promise<void> {
  const paths = podPaths(scope, name);
  const record = readPod(scope, name);
  let kept: BerthError | undefined;
  if (record !== undefined) {
    kept = await disconnectPod(scope, record);
    if (record.userNamespace.mode !== "host") releaseIds(scope, record.id);
    forgetUnit(scope, record.unit, record.id);
    // In case startInit() was killed; the process itself ends with the unit.
    for (const runtime of ociRuntimes(scope)) runtime.forget(record.id);
  } else {
    kept = await removeByNote(scope, name);
  }
  rmSync(paths.directory, { recursive: true, force: true });
  if (kept !== undefined) throw kept;
}

/** What can be removed of a pod whose record is damaged: its service's note has the ID. */
async function removeByNote(scope: Scope, name: string): Promise<BerthError | undefined> {
  const noted = notedPod(scope, name);
  if (noted === undefined) return undefined;
  const kept = await disconnect(scope, noted.id);
  releaseIds(scope, noted.id);
  forgetUnit(scope, noted.unit, noted.id);
  for (const runtime of ociRuntimes(scope)) runtime.forget(noted.id);
  return kept;
}

/**
 * Removes the pods whose units are no longer active, as after a crash of the manager. `isActive` asks the manager: this
 * process may not see the namespaces that it keeps, or it has not yet taken those of a pod that is being made. Returns
 * the pods' names.
 */
export async function removeStalePods(
  scope: Scope,
  isActive: (pod: Pick<PodRecord, "id" | "unit">) => Promise<boolean>,
): Promise<string[]> {
  removeUnfinished(scope);
  const stale: string[] = [];
  for (const name of listPodNames(scope)) {
    let record: PodRecord | undefined;
    try {
      record = readPod(scope, name);
    } catch (error) {
      // A newer berth's pod: whether it is over is for that one to say.
      if (isNewer(error)) continue;
      throw error;
    }
    const noted = record === undefined ? notedPod(scope, name) : undefined;
    if (noted !== undefined && (await isActive(noted))) continue;
    if (record !== undefined && (isBeingMade(record) || isKept(record) === true || (await isActive(record)))) continue;
    stale.push(name);
  }
  await attemptEach(stale, (name) => removePod(scope, name));
  return stale;
}

function isBeingMade(record: PodRecord): boolean {
  return isAlive(record.maker);
}

/**
 * Whether systemd keeps the pod's namespaces, as it does while the pod's unit is active; undefined if this process
 * cannot see that.
 */
function isKept({ namespaces }: PodRecord): boolean | undefined {
  if (namespaces === undefined) return false;
  // A pod that shares nothing has none.
  if (Object.keys(namespaces.inodes).length === 0) return undefined;
  try {
    const open = openPinned(namespaces);
    if (open !== undefined) closeNamespaces(open);
    return open !== undefined;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "namespace") return undefined;
    throw error;
  }
}

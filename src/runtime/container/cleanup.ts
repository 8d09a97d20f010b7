import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type ContainerRecord, listContainerIds, readRecord } from "../../state/container-record.ts";
import { isOver } from "../../state/liveness.ts";
import { withStateLock } from "../../state/lock.ts";
import { idOfName, releaseName } from "../../state/names.ts";
import { containerPaths, namesDir } from "../../state/paths.ts";
import { forgetUnit } from "../../state/running-units.ts";
import { listIfThere } from "../../system/files.ts";
import { detachBelow } from "../../system/mount-table.ts";
import { attemptEach } from "../attempt-each.ts";
import { hasConnection } from "../network/connect/connection-record.ts";
import { ociRuntimes } from "../oci-runtime/choice.ts";
import { removeIdleCgroup } from "../oci-runtime/container-cgroup.ts";
import { releaseIds, releaseStaleIds } from "../user-namespace/id-leases.ts";
import { discard, emptyTrash, type Thoroughness } from "./trash.ts";

/**
 * Removes everything that a container left: the OCI runtime's state, firewall rules and addresses, the upper layer and
 * unnamed volumes, name and bundle. Each step accepts that its work is done already, so this can be killed anywhere and
 * run again; the bundle, by which cleanup finds the rest, goes last. Finally throws the error that disconnect()
 * returns.
 */
export async function cleanUp(scope: Scope, id: string, thoroughness: Thoroughness = "for-a-while"): Promise<void> {
  const record = readRecord(scope, id);
  endProcesses(scope, id, record);
  await removeRest(scope, id, record, thoroughness);
}

/**
 * The same for the hook that the OCI runtime calls when a container has ended: its own state it removes itself. crun
 * does so after the hook, and calls that again when it is told to delete the container.
 */
export async function cleanUpInHook(scope: Scope, id: string): Promise<void> {
  await removeRest(scope, id, readRecord(scope, id), "for-a-while");
}

async function removeRest(
  scope: Scope,
  id: string,
  record: ContainerRecord | undefined,
  thoroughness: Thoroughness,
): Promise<void> {
  const paths = containerPaths(scope, id);
  // Most containers of the host's network, and of pods, have nothing of this: the code is loaded where it is needed.
  const kept = hasConnection(scope, id)
    ? await (await import("../network/disconnect.ts")).disconnect(scope, id)
    : undefined;
  if (record?.pod !== undefined) {
    const pod = (await import("../../state/pod-record.ts")).readPod(scope, record.pod);
    const names = await import("../network/connect/pod-member-names.ts");
    if (pod !== undefined) names.removeMemberNames(scope, pod.id, id);
    (await import("../pod/update-namespace-link.ts")).updateNamespaceLink(scope, record.pod);
    (await import("../pod/end-with-init.ts")).endWithInit(scope, record.pod);
  }
  // There are mounts only if cleanup runs in the container's own mount namespace, as the hook of a foreground run does.
  // They show volumes and folders of the host, so they are unmounted before anything is deleted.
  detachBelow(paths.bundle);
  discard(scope, paths.layers, thoroughness);
  releaseIds(scope, id);
  // Without a record, the name is found by its link to the ID.
  for (const name of record === undefined ? listIfThere(namesDir(scope)) : [record.name]) releaseName(scope, name, id);
  if (record?.unit !== undefined) forgetUnit(scope, record.unit, id);
  rmSync(paths.bundle, { recursive: true, force: true });
  if (kept !== undefined) throw kept;
}

/**
 * Kills what is left of a container's processes, and removes the OCI runtime's state. When a unit ends, systemd has
 * killed them already, and the end of a payload that is the first process of its PID namespace is that of all others:
 * then the runtime has nothing to do, for which it takes as long as a start of berth itself.
 */
function endProcesses(scope: Scope, id: string, record: ContainerRecord | undefined): void {
  const idle = record?.unit !== undefined && removeIdleCgroup(record.cgroup);
  for (const runtime of ociRuntimes(scope)) {
    if (idle) runtime.forget(id);
    else runtime.delete(id, containerPaths(scope, id).bundle);
  }
}

/**
 * Cleans up after every container that no longer runs: leftovers of a crash of the machine or of a foreground run.
 * Returns their IDs.
 */
export async function cleanUpStale(scope: Scope): Promise<string[]> {
  const onDisk = listIfThere(join(scope.stateDir, "containers"));
  // A launcher makes its bundle and its record under the same lock, so a bundle without a record will not get one.
  const unclear: unknown[] = [];
  const ids = withStateLock(scope.stateDir, "exclusive", () =>
    [...new Set([...listContainerIds(scope), ...onDisk])].filter((id) => {
      try {
        return isOver(scope, id);
      } catch (error) {
        unclear.push(error);
        return false;
      }
    }),
  );
  // A damaged record, or a plugin that fails, must not keep the others from being cleaned up.
  await attemptEach([...ids.map((id) => () => cleanUp(scope, id, "trash-only")), () => sweep(scope)], (work) => work());
  if (unclear.length > 0) throw unclear[0];
  return ids;
}

/** Removes what belongs to no container that is there. */
async function sweep(scope: Scope): Promise<void> {
  for (const name of listIfThere(namesDir(scope))) {
    const id = idOfName(scope, name);
    if (id !== undefined && !existsSync(containerPaths(scope, id).bundle)) releaseName(scope, name, id);
  }
  releaseStaleIds(scope);
  // A lease is recorded before it is taken; this mends state that something else has broken.
  const { releaseAllAddresses } = await import("../network/connect/address-leases.ts");
  releaseAllAddresses(scope, (owner) => !hasConnection(scope, owner));
  emptyTrash(scope);
  const { sweepHalfFilled, sweepUnfinished } = await import("../volume/unfinished-folder.ts");
  sweepUnfinished(scope);
  sweepHalfFilled(scope);
  const { storePaths } = await import("../../image/store/layout.ts");
  const { sweepWork } = await import("../../image/store/work.ts");
  sweepWork(scope.stateDir, storePaths(scope.stateDir));
  const { finishRemovals } = await import("../network/remove-network.ts");
  await finishRemovals(scope);
}

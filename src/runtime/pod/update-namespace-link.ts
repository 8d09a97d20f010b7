import type { Scope } from "../../scope.ts";
import { surveyRecords } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { readPod } from "../../state/pod-record.ts";
import { isAlive } from "../../system/process-identity.ts";
import { namespaceLinkPid, retargetNamespaceLink } from "../network/connect/namespace-link.ts";

/**
 * Points the link to a pod's network namespace, if the pod has one, to a process in it: the first of a shared PID
 * namespace, or a container's. Without either the link leads nowhere, for the PID of a process that has ended may
 * become another's. To be called when such a process has started or ended.
 */
export function updateNamespaceLink(scope: Scope, name: string): void {
  const pod = readPod(scope, name);
  if (pod === undefined) return;
  const leadsTo = namespaceLinkPid(scope, pod.id);
  if (leadsTo === undefined) return;
  const containers = surveyRecords(scope).records.filter(
    (record) => record.pod === name && record.network.mode === "pod",
  );
  const init = pod.init !== undefined && isAlive(pod.init) ? [pod.init.pid] : [];
  const inside = [...init, ...containers.flatMap((record) => payloadPid(scope, record) ?? [])];
  if (!inside.includes(leadsTo)) retargetNamespaceLink(scope, pod.id, inside[0]);
}

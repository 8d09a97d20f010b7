import { rmSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import { closeNamespaces, openPinned } from "../pinned-namespaces.ts";
import { disconnectPod } from "./network.ts";
import { type PodRecord, podPaths, readPod } from "./record.ts";

/**
 * Takes away what a pod has outside of its namespaces, which go with its unit: firewall rules, addresses, files. Every step may
 * find its work done already; the directory, by which the pod is found, goes last.
 */
export async function removePod(scope: Scope, name: string): Promise<void> {
  const paths = podPaths(scope, name);
  const record = readPod(scope, name);
  if (record !== undefined) await disconnectPod(scope, record);
  rmSync(paths.directory, { recursive: true, force: true });
}

/** Whether systemd keeps the pod's namespaces: it does as long as the pod's unit is active. */
export function isPodAlive(record: PodRecord): boolean {
  if (record.namespaces === undefined) return false;
  const open = openPinned(record.namespaces);
  if (open === undefined) return false;
  closeNamespaces(open);
  return true;
}

import type { PodRequest } from "../../options/requests/pod-request.ts";
import type { Scope } from "../../scope.ts";
import { claimPod, type PodRecord, podPaths, readPod } from "../../state/pod-record.ts";
import { notedPod } from "../../state/running-units.ts";
import { setPlainUmask } from "../../system/files.ts";
import { identify } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { chooseHostPorts } from "../network/connect/published-ports.ts";
import { runSteps } from "../steps.ts";
import { CREATE_STEPS, type PodCreation } from "./create-steps.ts";
import { removePod } from "./remove.ts";

/** What a pod's unit gives the process that creates the pod. */
export interface PodContext {
  readonly scope: Scope;
  /** systemd's ID of this run of the unit. */
  readonly id: string;
  /** $NOTIFY_SOCKET. */
  readonly notifySocket: string;
  /** PID of the manager, the parent of its units' processes. */
  readonly manager: number;
}

/**
 * Creates a pod: its namespaces, which systemd keeps for the unit of this process, its network and its files. No
 * process of the pod stays. Throws RuntimeError, after removing what had been made.
 */
export async function createPod(request: PodRequest, context: PodContext): Promise<void> {
  const { scope, id, notifySocket } = context;
  const manager = identify(context.manager);
  const maker = identify(process.pid);
  if (manager === undefined || maker === undefined)
    throw new RuntimeError("systemd", "read the state of systemd's process");
  setPlainUmask();
  // In the system's scope, connecting chooses ports, under its lock; in a user's, pasta binds them when the pod starts.
  const ports = scope.kind === "system" ? request.ports : chooseHostPorts(request.ports, []);
  const record = planRecord(request, { id, created: new Date().toISOString(), maker, ports });
  await claimName(scope, record, request.replace);
  const paths = podPaths(scope, record.name);
  const creation: PodCreation = { scope, paths, notifySocket, manager, record, namespaces: [] };
  await runSteps(CREATE_STEPS, creation);
}

/** The record of a pod that has no namespaces yet. */
export function planRecord(
  { replace: _, ...asked }: PodRequest,
  facts: Pick<PodRecord, "id" | "created" | "maker" | "ports">,
): PodRecord {
  return { ...asked, ...facts, addresses: {} };
}

/**
 * Claims the pod's name, by its first record. Removes what an earlier run of the same unit has left; another unit's pod
 * only if it is to be replaced. Throws "name-in-use".
 */
async function claimName(scope: Scope, record: PodRecord, replace: boolean): Promise<void> {
  const { name, unit } = record;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claimPod(scope, record)) return;
    const other = readPod(scope, name) ?? notedPod(scope, name);
    if (other !== undefined && other.unit !== unit && !replace)
      throw new RuntimeError("name-in-use", `the pod name ${name} is in use by ${other.unit}`);
    await removePod(scope, name);
  }
  throw new RuntimeError("name-in-use", `the pod name ${name} is in use`);
}

import type { Scope } from "../../scope.ts";
import { claimPod, type PodRecord, type PodRequest, podPaths, readPod, writePod } from "../../state/pod-record.ts";
import { noteUnit } from "../../state/running-units.ts";
import { setPlainUmask } from "../../system/files.ts";
import { identify, type ProcessIdentity } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { addressesByNetwork } from "../network/connect/connected-networks.ts";
import { chooseHostPorts } from "../network/connect/published-ports.ts";
import { closeNamespaces, pinNamespaces } from "../systemd/pinned-namespaces.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { writePodFiles } from "./pod-files.ts";
import { makePodNamespaces } from "./pod-namespaces.ts";
import { connectPod } from "./pod-network.ts";
import { removePod } from "./remove.ts";
import { updateNamespaceLink } from "./update-namespace-link.ts";

/** What a pod's unit gives the process that makes it. */
export interface PodContext {
  readonly scope: Scope;
  /** systemd's ID of this run of the unit. */
  readonly id: string;
  /** $NOTIFY_SOCKET. */
  readonly notifySocket: string;
  /** PID of the manager, which is the parent of its units' processes. */
  readonly manager: number;
}

/**
 * Makes a pod: its namespaces, kept by systemd for the unit that this process belongs to, its network and its files.
 * Nothing of it is a process. Throws RuntimeError; what had been made is then taken away.
 */
export async function createPod(request: PodRequest, context: PodContext): Promise<void> {
  const { scope, id } = context;
  const { replace, ...asked } = request;
  // The system's are chosen together with taking them; a user's are taken by pasta.
  const facts = scope.kind === "system" ? asked : { ...asked, ports: chooseHostPorts(asked.ports, []) };
  const manager = identify(context.manager);
  const maker = identify(process.pid);
  if (manager === undefined || maker === undefined)
    throw new RuntimeError("systemd", "read the state of systemd's process");
  setPlainUmask();
  const record: PodRecord = { ...facts, id, created: new Date().toISOString(), maker, addresses: {} };
  await takeName(scope, record, replace);
  try {
    noteUnit(scope, record.unit, { kind: "pod", id, name: record.name });
    await fillPod(record, context, manager);
  } catch (error) {
    // What went wrong first is what is to be told of.
    await removePod(scope, request.name).catch(() => undefined);
    throw error;
  }
}

/** An earlier run of the same unit is over, and what it left goes; another unit's pod only if it is to be replaced. */
async function takeName(scope: Scope, record: PodRecord, replace: boolean): Promise<void> {
  const { name, unit } = record;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (claimPod(scope, record)) return;
    const other = readPod(scope, name);
    if (other !== undefined && other.unit !== unit && !replace)
      throw new RuntimeError("name-in-use", `the pod name ${name} is in use by ${other.unit}`);
    await removePod(scope, name);
  }
  throw new RuntimeError("name-in-use", `the pod name ${name} is in use`);
}

async function fillPod(asked: PodRecord, context: PodContext, manager: ProcessIdentity): Promise<void> {
  const { scope } = context;
  const paths = podPaths(scope, asked.name);
  const inner = await openInner(asked, scope);
  const record = inner?.user === undefined ? asked : { ...asked, user: inner.user };
  const made = await makePodNamespaces(
    {
      inner,
      net: record.network.mode !== "host" && record.shared.includes("net"),
      ipc: record.shared.includes("ipc"),
      uts: record.shared.includes("uts"),
      user: scope.kind === "user",
      hostname: record.hostname,
      shmSize: record.shmSize,
    },
    paths.directory,
  );
  const connection = connectPod(scope, record, made);
  try {
    let addresses = addressesByNetwork(connection?.networks ?? []);
    // A user's are published later, when the pod starts.
    const ports = scope.kind === "system" && connection !== undefined ? connection.ports : record.ports;
    if (connection !== undefined) writePod(scope, { ...record, addresses, ports });
    writePodFiles(record, connection?.view, paths, inner?.root);
    const connected = await connection?.finish();
    if (connected !== undefined) {
      addresses = addressesByNetwork(connected.networks);
      writePodFiles(record, connected.view, paths, inner?.root);
    }
    const namespaces = pinNamespaces(context.notifySocket, manager, made);
    closeNamespaces(made);
    writePod(scope, { ...record, addresses, ports, namespaces });
    // So far it led by this process, which ends.
    updateNamespaceLink(scope, record.name);
  } finally {
    await connection?.settle();
  }
}

/** The user namespace that the containers are to be in, if it is not this process's own. */
async function openInner({ userNamespace, id }: PodRecord, scope: Scope): Promise<ContainerNamespace | undefined> {
  if (userNamespace.mode === "host") return undefined;
  const { openContainerNamespace } = await import("../user-namespace/container-namespace.ts");
  const request = { userNamespace, idsOf: undefined, user: undefined };
  return openContainerNamespace(request, { scope, id, layers: [], withNetwork: false });
}

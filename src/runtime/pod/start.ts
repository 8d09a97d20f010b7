import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { type PodRecord, podPaths, writePod } from "../../state/pod-record.ts";
import { listIfThere } from "../../system/files.ts";
import { identify, type ProcessIdentity, readProc } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { connectByPasta } from "../network/users/pasta.ts";
import { publishRootlessPorts } from "../network/users/rootless-ports.ts";
import { createNotifier } from "../systemd/notify.ts";
import { closeNamespaces, type OpenNamespace, pinNamespaces } from "../systemd/pinned-namespaces.ts";
import { type BerthProcess, broughtNamespaces, enterOpenNamespace } from "../user-namespace/enter.ts";
import { openNamespaces } from "./join.ts";
import { writePodFiles } from "./pod-files.ts";
import { networkNamespaceOf } from "./pod-network.ts";
import { updateNamespaceLink } from "./update-namespace-link.ts";

/**
 * Completes a pod's start, for ExecStart=: checks that systemd has kept its namespaces, which systemd does not report,
 * starts the processes that the pod needs, and notifies systemd. Those are the first process of a shared PID namespace,
 * and in a user's scope pasta, for the network or for published ports. Throws "no-such-pod" if the namespaces were not
 * kept, and what connectByPasta() and startInit() throw.
 */
export async function startPod(self: BerthProcess, asked: PodRecord): Promise<void> {
  const { scope, env } = self;
  const brought = broughtNamespaces(scope, env);
  const namespaces = brought ?? openNamespaces(asked);
  const sharesPid = asked.shared.includes("pid");
  const usesPasta = needsPasta(asked, scope);
  // Both start from inside the pod's user namespace: berth executes itself again there.
  if ((sharesPid || usesPasta) && brought === undefined) enterOpenNamespace(self, namespaces);
  const notifier = createNotifier(env.NOTIFY_SOCKET);
  let pod = asked;
  if (sharesPid) pod = await addInit(scope, pod, namespaces, env);
  if (usesPasta) pod = await startPasta(scope, pod, namespaces);
  closeNamespaces(namespaces);
  // If both run, pasta is the main process, so that systemd notices its end; for the other see endWithInit().
  const main = pod.pasta ?? pod.init;
  if (main === undefined) notifier.ready();
  else notifier.payload(main.pid, true);
}

/**
 * Whether pasta connects the pod, or publishes its ports. Throws "bad-request" for the network pasta in the system's
 * scope.
 */
export function needsPasta({ network, ports }: Pick<PodRecord, "network" | "ports">, scope: Scope): boolean {
  if (network.mode === "bridge") return scope.kind === "user" && ports.length > 0;
  if (network.mode === "pasta" && scope.kind === "system")
    throw new RuntimeError("bad-request", "the network pasta is for a user's pods: ask for bridge, host or none");
  return network.mode === "pasta";
}

async function addInit(
  scope: Scope,
  pod: PodRecord,
  namespaces: readonly OpenNamespace[],
  env: Environment,
): Promise<PodRecord> {
  const { startInit } = await import("./init.ts");
  const { process: init, namespace } = await startInit(scope, pod, namespaces, env);
  const pinned = pod.namespaces;
  if (pinned === undefined) throw new RuntimeError("no-such-pod", `pod ${pod.name} has no namespaces`);
  const { inodes } = pinNamespaces(env.NOTIFY_SOCKET ?? "", pinned.manager, [namespace]);
  closeNamespaces([namespace]);
  const record = { ...pod, init, namespaces: { ...pinned, inodes: { ...pinned.inodes, ...inodes } } };
  writePod(scope, record);
  updateNamespaceLink(scope, record.name);
  return record;
}

async function startPasta(scope: Scope, pod: PodRecord, namespaces: readonly OpenNamespace[]): Promise<PodRecord> {
  const { network, ports } = pod;
  const namespace = networkNamespaceOf(namespaces);
  const paths = podPaths(scope, pod.name);
  if (network.mode !== "pasta") {
    if (namespace === undefined) throw new RuntimeError("bad-request", "the pod has no network namespace");
    await publishRootlessPorts(ports, Object.values(pod.addresses).flat(), namespace, paths.networkNamespace);
    return withPasta(scope, pod);
  }
  const view = await connectByPasta({
    path: paths.networkNamespace,
    namespace: namespace?.path,
    options: network.options,
    ports,
  }).view;
  const record = withPasta(scope, { ...pod, addresses: { pasta: view.addresses } });
  writePodFiles(record, view, paths);
  return record;
}

function withPasta(scope: Scope, pod: PodRecord): PodRecord {
  const pasta = pastaBesideMe();
  if (pasta === undefined) throw new RuntimeError("network", "pasta has ended");
  const record = { ...pod, pasta };
  writePod(scope, record);
  return record;
}

/** Finds the pasta that this process has started, and that has gone into the background: it does not report its PID. */
function pastaBesideMe(): ProcessIdentity | undefined {
  const cgroup = readProc(process.pid, "cgroup");
  const isPasta = (pid: number) =>
    pid > 0 && readProc(pid, "cgroup") === cgroup && / \(pas(?:ta|st)/.test(readProc(pid, "stat") ?? "");
  const found = listIfThere("/proc").map(Number).find(isPasta);
  return found === undefined ? undefined : identify(found);
}

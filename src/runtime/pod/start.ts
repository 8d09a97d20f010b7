import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { connectByPasta } from "../network/pasta.ts";
import { publishShared } from "../network/shared-connection.ts";
import { closeNamespaces } from "../pinned-namespaces.ts";
import type { Environment } from "../runc.ts";
import { broughtNamespaces, enterOpenNamespace } from "../user-namespace.ts";
import { writePodFiles } from "./files.ts";
import { openNamespaces } from "./join.ts";
import { type PodRecord, podPaths, writePod } from "./record.ts";

/**
 * The rest of a pod's start: looks whether systemd has kept its namespaces, which it does not say by itself, and in a user's scope
 * starts pasta, for the network or for published ports, which stays as the unit's process. Throws "no-such-pod" when they were not kept, and what connectByPasta() throws.
 */
export async function startPod(scope: Scope, pod: PodRecord, env: Environment): Promise<void> {
  const brought = broughtNamespaces(scope, env);
  const namespaces = brought ?? openNamespaces(pod);
  const { network, ports } = pod;
  const publishes = network.mode === "bridge" && scope.kind === "user" && ports.length > 0;
  if (network.mode !== "pasta" && !publishes) {
    closeNamespaces(namespaces);
    return;
  }
  if (scope.kind === "system")
    throw new RuntimeError("bad-request", "the network pasta is for a user's pods: ask for bridge, host or none");
  // From inside their user namespace, which this is executed in again.
  if (brought === undefined) enterOpenNamespace(scope, namespaces, env);
  const own = namespaces.find(({ kind }) => kind === "net");
  const paths = podPaths(scope, pod.name);
  if (network.mode !== "pasta") {
    if (own === undefined) throw new RuntimeError("bad-request", "the pod has no network namespace");
    const namespace = { fd: own.fd, path: `/proc/${process.pid}/fd/${own.fd}` };
    await publishShared(ports, Object.values(pod.addresses).flat(), namespace, paths.networkNamespace);
    return;
  }
  const facts = await connectByPasta({
    path: paths.networkNamespace,
    namespace: own === undefined ? undefined : `/proc/${process.pid}/fd/${own.fd}`,
    options: network.options,
    ports,
  }).facts;
  writePod(scope, { ...pod, addresses: { pasta: facts.addresses } });
  writePodFiles(pod, facts, paths);
}

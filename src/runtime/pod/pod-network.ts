import type { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import type { PodRecord } from "../../state/pod-record.ts";
import { RuntimeError } from "../error.ts";
import { readConnectionIfSound } from "../network/connect/connection-record.ts";
import { tryIpCommands } from "../network/connect/ip-command.ts";
import { type Connection, connect } from "../network/connect/netavark-connection.ts";
import { type NetworkNamespace, openedNamespace, withinNamespace } from "../network/connect/network-namespace.ts";
import { disconnect } from "../network/disconnect.ts";
import { connectRootless } from "../network/users/rootless-connection.ts";
import { closeNamespaces, type OpenNamespace, openPinned } from "../systemd/pinned-namespaces.ts";

/**
 * Connects a pod to its networks; undefined if it has none. Everything that disconnectPod() needs is on disk before it
 * is set up. Throws as connect() does, and "bad-request".
 */
export function connectPod(scope: Scope, pod: PodRecord, namespaces: readonly OpenNamespace[]): Connection | undefined {
  const { network, ports } = pod;
  // pasta starts with ExecStart=, in startPod(): systemd ends the processes that the commands before it leave running.
  if (network.mode === "pasta") return undefined;
  if (network.mode === "host" || network.mode === "none") {
    if (ports.length === 0) return undefined;
    throw new RuntimeError("bad-request", `published ports need a bridge network, not ${network.mode}`);
  }
  const namespace = networkNamespaceOf(namespaces);
  if (network.mode !== "bridge" || namespace === undefined)
    throw new RuntimeError("bad-request", `a pod with a ${network.mode} network is not supported yet`);
  const request = {
    owner: pod.id,
    name: pod.name,
    hostname: pod.hostname,
    networks: network.networks,
    ports,
    dns: pod.dns,
    atOnce: true,
  };
  if (scope.kind === "system") return connect(scope, namespace, request);
  // A user's ports are published by a pasta, too, which could not outlive this command either: see startPod().
  return connectRootless(scope, { ...request, ports: [] }, namespace, "");
}

/** The network namespace among a pod's open ones; undefined if the pod has none. */
export function networkNamespaceOf(namespaces: readonly OpenNamespace[]): NetworkNamespace | undefined {
  const found = namespaces.find(({ kind }) => kind === "net");
  return found === undefined ? undefined : openedNamespace(found.fd);
}

/** Removes the host's side of a pod's network. Returns what disconnect() does. */
export async function disconnectPod(scope: Scope, pod: PodRecord): Promise<BerthError | undefined> {
  removeInterfaces(scope, pod);
  return await disconnect(scope, pod.id);
}

/**
 * Removes the interfaces of the pod's namespace, which exists until the last command of its unit has ended: netavark
 * would find the bridges in use, and leave them.
 */
function removeInterfaces(scope: Scope, pod: PodRecord): void {
  const networks = Object.values(readConnectionIfSound(scope, pod.id)?.request?.networks ?? {});
  if (networks.length === 0 || scope.kind === "user" || pod.namespaces === undefined) return;
  const namespaces = openPinned(pod.namespaces) ?? [];
  const own = networkNamespaceOf(namespaces);
  if (own !== undefined) {
    // Interfaces that are gone already are no failure.
    withinNamespace(own, () => tryIpCommands(networks.map(({ interface_name: name }) => `link del ${name}`)));
  }
  closeNamespaces(namespaces);
}

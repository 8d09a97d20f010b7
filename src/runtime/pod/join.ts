import { chownSync, copyFileSync, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import type { NamespaceKind, PinnedNamespaces } from "../../state/namespace-pins.ts";
import { findPod, type PodRecord, podPaths } from "../../state/pod-record.ts";
import { attachRootOf } from "../../system/mount-tree.ts";
import { isAlive } from "../../system/process-identity.ts";
import { RuntimeError } from "../error.ts";
import { bindMount } from "../mount/bind-mount.ts";
import { payloadFile } from "../mount/payload-files.ts";
import { READONLY_FILE_OPTIONS } from "../spec/defaults.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { type OpenNamespace, openPinned } from "../systemd/pinned-namespaces.ts";
import { broughtNamespaces } from "../user-namespace/enter.ts";
import { addMemberName } from "./pod-files.ts";
import { pathOfNamespace } from "./pod-namespaces.ts";

/** A pod that a container joins. */
export interface JoinedPod {
  readonly record: PodRecord;
  /** The container's request, with what it gets from the pod. */
  readonly request: RunRequest;
  /** Open as long as this process lives. */
  readonly namespaces: readonly OpenNamespace[];
  /** The path by which other programs reach one of them meanwhile; undefined if the pod has none of that kind. */
  path(kind: NamespaceKind): string | undefined;
  /** The host name that all containers share; undefined if each has its own. */
  readonly hostname: string | undefined;
  /** The path of the pod's network namespace, if the container is to be in it. */
  readonly network: string | undefined;
  /** Adds the container's name to the pod's /etc/hosts. */
  announce(name: string): void;
  /**
   * The mounts of the files that come with the pod's namespaces: /dev/shm, /etc/hostname and, with the network,
   * /etc/hosts and /etc/resolv.conf. To be called in a mount namespace that is the container's alone.
   */
  mounts(bundle: string): SpecMount[];
}

/** Joins the pod that a request names. Throws "no-such-pod" if there is none, or its unit has stopped. */
export function openPod(scope: Scope, request: RunRequest, env: Environment): JoinedPod {
  const record = findPod(scope, request.pod ?? "");
  // A process that has entered the pod's user namespace has them open already.
  const namespaces = broughtNamespaces(scope, env) ?? openNamespaces(record);
  const path = (kind: NamespaceKind) => pathOfNamespace(namespaces, kind);
  return {
    record,
    request: requestInPod(request, record, path("inner")),
    namespaces,
    path,
    hostname: record.shared.includes("uts") ? record.hostname : undefined,
    network: request.network.mode === "pod" ? path("net") : undefined,
    announce: (name) => {
      const { mode } = record.network;
      if (request.network.mode === "pod" && mode !== "host" && mode !== "none")
        addMemberName(podPaths(scope, record.name), name);
    },
    mounts: (bundle) => podMounts({ scope, record, namespaces, request }, bundle),
  };
}

/** Opens the namespaces of a pod. Throws "no-such-pod" if its unit has stopped. */
export function openNamespaces(record: PodRecord): OpenNamespace[] {
  if (record.init !== undefined && !isAlive(record.init)) {
    const lost = `the first process of pod ${record.name} has been killed, and all of its PID namespace with it`;
    throw new RuntimeError("no-such-pod", `${lost}: restart ${record.unit}`);
  }
  const namespaces = record.namespaces === undefined ? undefined : openKept(record.name, record.namespaces);
  if (namespaces === undefined)
    throw new RuntimeError("no-such-pod", `pod ${record.name} is not running: start ${record.unit} first`);
  return namespaces;
}

function openKept(pod: string, namespaces: PinnedNamespaces): OpenNamespace[] | undefined {
  try {
    return openPinned(namespaces);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== "namespace") throw error;
    // The pod is sound, and the system call's message would not help.
    const instead = "run the container in the background (berth run -d), or as a service (Pod= in a .container file)";
    throw new RuntimeError(
      "namespace",
      `pod ${pod} cannot be joined from here, as systemd shows only services what it keeps for it: ${instead}`,
    );
  }
}

/**
 * The request with what the container gets from its pod: the user, and with the network the resolvers. The pod's mounts
 * come first, except those that a mount of the container's own replaces. `inner` is the path of the pod's user
 * namespace, if it has one of its own.
 */
export function requestInPod(request: RunRequest, pod: PodRecord, inner: string | undefined): RunRequest {
  const own = new Set(request.mounts.map(({ target }) => target));
  const shares = request.network.mode === "pod";
  const plain = pod.network.mode === "host" || pod.network.mode === "none";
  return {
    ...request,
    pod: pod.name,
    userNamespace: inner === undefined ? request.userNamespace : { mode: "namespace", path: inner },
    user: request.user ?? pod.user,
    network: shares && plain ? pod.network : request.network,
    dns: shares ? pod.dns : request.dns,
    mounts: [...pod.mounts.filter(({ target }) => !own.has(target)), ...request.mounts],
  };
}

function podMounts(
  { scope, record, namespaces, request }: Pick<JoinedPod, "record" | "namespaces" | "request"> & { scope: Scope },
  bundle: string,
): SpecMount[] {
  const paths = podPaths(scope, record.name);
  const options = request.readOnly ? READONLY_FILE_OPTIONS : [];
  const copy = (source: string, name: string) =>
    bindMount(copyOwned(source, payloadFile(bundle, name)), `/etc/${name}`, options);
  const mounts = record.shared.includes("uts") ? [copy(paths.hostname, "hostname")] : [];
  if (request.network.mode === "pod") {
    // The file itself, for names of containers that start later; what a payload wrote there would be all containers'.
    mounts.push(bindMount(paths.hosts, "/etc/hosts", READONLY_FILE_OPTIONS));
    if (existsSync(paths.resolvConf)) mounts.push(copy(paths.resolvConf, "resolv.conf"));
  }
  const memory = namespaces.find(({ kind }) => kind === "mnt");
  if (memory !== undefined) {
    const at = join(bundle, "shm");
    mkdirSync(at, { mode: 0o700 });
    attachRootOf(memory.fd, at);
    mounts.push(bindMount(at, "/dev/shm", []));
  }
  return mounts;
}

/** Copies a file with its owner. Returns the copy's path. */
function copyOwned(source: string, copy: string): string {
  copyFileSync(source, copy);
  const { uid, gid } = statSync(source);
  chownSync(copy, uid, gid);
  return copy;
}

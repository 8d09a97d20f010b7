import { hostname } from "node:os";
import type { Environment } from "../../environment.ts";
import type { StoredImage } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { type ContainerPaths, containerPaths } from "../../state/paths.ts";
import { SystemError } from "../../system/error.ts";
import { identify } from "../../system/process-identity.ts";
import type { ContainerNetwork } from "../network/container-network.ts";
import { chooseRuntime, ociRuntime } from "../oci-runtime/choice.ts";
import { callingService, ownCgroup } from "../oci-runtime/container-cgroup.ts";
import type { OciRuntime } from "../oci-runtime/oci-runtime.ts";
import type { JoinedPod } from "../pod/join.ts";
import type { Notifier } from "../systemd/notify.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import type { JoinedNetwork } from "./joined-network.ts";
import { mountedImages } from "./mounted-images.ts";
import { planStart, type StartPlan } from "./plan.ts";

/** The surroundings of a start. */
export interface StartContext {
  readonly scope: Scope;
  readonly env: Environment;
  /** Absolute path of berth itself. */
  readonly program: string;
  readonly inUserNamespace: boolean;
}

/** One start: its plan, and the results of its steps so far (start-steps.ts). */
export interface Start {
  readonly context: StartContext;
  readonly notifier: Notifier;
  readonly runtime: OciRuntime;
  /** The complete request: with host ports, and with the pod's settings. */
  readonly request: RunRequest;
  readonly image: StoredImage;
  readonly plan: StartPlan;
  readonly paths: ContainerPaths;
  readonly pod: JoinedPod | undefined;

  /** Directories of the image's layers, the lowest first. */
  layers: readonly string[];
  /** The same of other images, by the names in the request's mounts. */
  images: ReadonlyMap<string, readonly string[]>;
  /** The container's own user namespace. */
  namespace: ContainerNamespace | undefined;
  /** Another container's network, or that of a namespace by path. */
  joined: JoinedNetwork | undefined;
  /** The container's own network. */
  network: ContainerNetwork | undefined;
  /** How many sockets the payload gets. */
  sockets: number;
}

/**
 * Collects the facts that a start depends on, and plans it. Nothing is made. Throws "no-such-pod", "image-not-found"
 * for an image to mount, "bad-settings", and as planStart() does.
 */
export async function openStart(
  asked: RunRequest,
  image: StoredImage,
  given: { readonly id: string; readonly context: StartContext; readonly notifier: Notifier },
): Promise<Start> {
  const { id, context, notifier } = given;
  const { scope, env } = context;
  const pod = asked.pod === undefined ? undefined : (await import("../pod/join.ts")).openPod(scope, asked, env);
  const request = await withHostPorts(pod?.request ?? asked, context);
  const launcher = identify(process.pid);
  if (launcher === undefined) throw new SystemError("syscall", "read /proc/self/stat");
  const runtime = await chooseRuntime(request, scope, ownCgroup());
  const plan = planStart(request, image, {
    id,
    runtime,
    scope: scope.kind,
    launcher,
    created: new Date().toISOString(),
    caller: request.unit === undefined ? callingService() : undefined,
    unitCgroup: request.unit === undefined ? undefined : ownCgroup(),
    hostHostname: hostname(),
    pod: pod === undefined ? undefined : { id: pod.record.id, unit: pod.record.unit, hostname: pod.hostname },
    otherImages: await mountedImages(scope, request.mounts),
  });
  return {
    context,
    notifier,
    runtime: ociRuntime(scope, runtime),
    request,
    image,
    plan,
    paths: containerPaths(scope, id),
    pod,
    ...nothingMade(),
  };
}

/** The results of a start before its first step. */
export function nothingMade(): Pick<Start, "layers" | "images" | "namespace" | "joined" | "network" | "sockets"> {
  return {
    layers: [],
    images: new Map(),
    namespace: undefined,
    joined: undefined,
    network: undefined,
    sockets: 0,
  };
}

/** The request with a host port for each port that is published without one. */
async function withHostPorts(request: RunRequest, { inUserNamespace }: StartContext): Promise<RunRequest> {
  // In the system's scope a port is chosen when it is taken.
  if (!inUserNamespace || request.ports.every(({ hostPort }) => hostPort !== 0)) return request;
  const { chooseHostPorts } = await import("../network/connect/published-ports.ts");
  return { ...request, ports: chooseHostPorts(request.ports, []) };
}

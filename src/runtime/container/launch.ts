import { mkdirSync, readFileSync } from "node:fs";
import { hostname as hostHostname } from "node:os";
import type { Environment } from "../../environment.ts";
import type { DiffId } from "../../image/document/digest.ts";
import { openLayers } from "../../image/layer/layer-store.ts";
import type { StoredImage } from "../../image/store/store.ts";
import type { MountRequest, RunRequest } from "../../options/requests/run-request.ts";
import { type ContainerRecord, writeRecord } from "../../state/container-record.ts";
import { withStoreLock } from "../../state/lock.ts";
import { containerPaths } from "../../state/paths.ts";
import { noteUnit } from "../../state/running-units.ts";
import { SystemError } from "../../system/error.ts";
import { keepOverExec } from "../../system/exec.ts";
import { identify } from "../../system/process-identity.ts";
import type { MountIdMapped } from "../mount/id-mapped-source.ts";
import { idMapOption } from "../mount/mount-context.ts";
import { retargetNamespaceLink } from "../network/connect/namespace-link.ts";
import { openContainerNetwork, serviceName } from "../network/container-network.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import { containerCgroup } from "../oci-runtime/container-cgroup.ts";
import type { OciRun } from "../oci-runtime/oci-runtime.ts";
import { payloadArguments } from "../spec/oci-config.ts";
import { createNotifier, type Notifier } from "../systemd/notify.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { type BundleContext, writeBundle } from "./bundle.ts";
import { writeEtcFiles } from "./bundle-files.ts";
import { cleanUp } from "./cleanup.ts";
import { takeName } from "./container-name.ts";
import { joinNetwork } from "./joined-network.ts";
import { resolveLoginuid, sealLoginuid, takeCaller } from "./loginuid.ts";
import { mountedImages, mountedVolumes } from "./mounted-images.ts";

export interface LaunchContext extends BundleContext {
  /** Finds the image, pulling it as the request's policy says; the notifier is told of a pull under way. */
  readonly image: (request: RunRequest, notifier: Notifier) => Promise<StoredImage>;
}

/**
 * Starts a container in place of this process. Detached, it returns once the payload runs and systemd has been told;
 * in the foreground this process becomes the OCI runtime's, so nothing of berth remains and the exit code is the payload's.
 * Throws RuntimeError or ImageError; what had been made is then cleaned up, here or by the unit's ExecStopPost=.
 */
export async function launch(request: RunRequest, context: LaunchContext): Promise<void> {
  const { scope, env } = context;
  const id = (request.unit === undefined ? undefined : invocationId(env)) ?? randomId();
  const notifier = createNotifier(
    request.unit === undefined || request.sdnotify === "ignore" ? undefined : env.NOTIFY_SOCKET,
  );
  const image = await context.image(request, notifier);
  try {
    const { run, network, networkOwner } = await prepare(request, context, id, image, notifier);
    const pid = await create(run, network, request.detach, context);
    retargetNamespaceLink(scope, networkOwner, pid);
    // Nothing may fail once systemd is told. It has to know all this before the payload can end: a process that it does
    // not know it reaps without noting how that ended, and a service that ends before it is ready has failed, whatever
    // its exit code.
    notifier.payload(pid, request.sdnotify === "started");
    ociRuntime(scope).start(id, pid);
  } catch (error) {
    // What went wrong first is what is to be told of.
    if (request.unit === undefined) await cleanUp(scope, id).catch(() => undefined);
    throw error;
  }
}

/** Makes the container in its network and returns its PID; in the foreground this process becomes it. */
async function create(run: OciRun, network: PendingNetwork, detach: boolean, context: LaunchContext): Promise<number> {
  try {
    if (network.first || !detach) await network.finish();
    if (!detach) ociRuntime(context.scope).becomeRun(run, context.env);
    // The OCI runtime only joins the namespace: what is still being made in there takes about as long as its own work.
    const creating = ociRuntime(context.scope).create(run, context.env);
    const finishing = network.first ? undefined : network.finish();
    const results = await Promise.allSettled([creating, finishing]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return await creating;
  } catch (error) {
    await network.settle();
    throw error;
  }
}

/** systemd's ID of this run of the unit. It becomes part of paths, so nothing else is taken for one. */
function invocationId(env: Environment): string | undefined {
  return env.INVOCATION_ID !== undefined && /^[0-9a-f]{32}$/.test(env.INVOCATION_ID) ? env.INVOCATION_ID : undefined;
}

/** 32 hexadecimal digits, as systemd's invocation IDs are. node:crypto would take milliseconds to load. */
function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

/** What the OCI runtime needs, and what the payload needs besides. */
interface Prepared {
  readonly run: OciRun;
  readonly network: PendingNetwork;
  /** The container's ID, or its pod's where it is in the pod's network. */
  readonly networkOwner: string;
}

/** The container's network, if it has one of its own. */
interface PendingNetwork {
  /** Whether the OCI runtime has to find it finished. */
  readonly first: boolean;
  /** Resolves once everything is in place; rejects with "network". */
  finish(): Promise<void>;
  /** Resolves once nothing is under way any more: what is still being made cannot be taken away. */
  settle(): Promise<void>;
}

/** Everything up to the OCI runtime: what this makes, cleanUp() takes away. */
async function prepare(
  asked: RunRequest,
  context: LaunchContext,
  id: string,
  image: StoredImage,
  { status }: Notifier,
): Promise<Prepared> {
  const { scope } = context;
  const pod = asked.pod === undefined ? undefined : (await import("../pod/join.ts")).openPod(scope, asked, context.env);
  const request = await withHostPorts(pod?.request ?? asked, context);
  // What is made here is seen by the payload's user as well, whatever UMask= the unit has.
  process.umask(0o022);
  const paths = containerPaths(scope, id);
  const name = request.name ?? id.slice(0, 12);
  const cgroup = containerCgroup(request.unit, id);
  const self = identify(process.pid);
  if (self === undefined) throw new SystemError("syscall", "read /proc/self/stat");
  const otherImages = mountedImages(scope, request.mounts);
  const record: ContainerRecord = {
    id,
    name,
    unit: request.unit,
    image: image.reference || request.image,
    imageDigest: image.configDigest,
    imageLayers: image.layers,
    otherImages: [...otherImages.values()],
    volumes: mountedVolumes(request.mounts),
    command: payloadArguments(request, image.config),
    created: new Date().toISOString(),
    cgroup: cgroup.suffix,
    launcher: self,
    network: request.network,
    pod: request.pod,
    addresses: {},
    ports: request.ports,
    labels: { ...image.config.labels, ...request.labels },
    stopSignal: stopSignal(request, image),
    stopTimeout: request.stopTimeout,
  };
  // Seen together by whoever removes images: once the record is there, the layers in it stay. And by whoever clears
  // away what is stale: a bundle without a record has no launcher any more.
  const { layers, images } = withStoreLock(scope.stateDir, "shared", () => {
    mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
    writeRecord(scope, record);
    if (request.unit !== undefined)
      noteUnit(scope, request.unit, { kind: "container", id, ...(pod === undefined ? {} : { pod: pod.record.unit }) });
    const stored = openLayers(scope.stateDir);
    const directories = (of: readonly DiffId[]) => stored.lower(of);
    return {
      layers: directories(image.layers),
      images: new Map([...otherImages].map(([name, diffIds]) => [name, directories(diffIds)])),
    };
  });
  await takeName(scope, name, id, request);
  pod?.announce(name);
  const namespace = await openUserNamespace(request, context, id, layers);
  const joined = joinNetwork(scope, request.network);
  const { inUserNamespace } = context;
  const network = openContainerNetwork(request, {
    ...{ scope, inUserNamespace, id, name, namespace },
    pin: paths.networkNamespace,
    atOnce: namespace === undefined && mountsAtOnce(request, image),
  });
  try {
    if (network?.facts !== undefined) {
      const { addresses, ports } = network.facts;
      writeRecord(scope, { ...record, addresses, ports });
    }
    const hostname =
      pod?.hostname ?? request.hostname ?? (request.network.mode === "host" ? hostHostname() : id.slice(0, 12));
    const etc = { hostname, name, joined, owner: namespace?.root };
    const preserveFds = writeBundle(request, context, {
      ...{ id, image, paths, layers, images, etc: { ...etc, network: network?.facts?.view } },
      ...{ cgroup, networkNamespace: network?.path, namespace, pod, status },
      mountIdMapped: await openIdMapper(request, namespace),
    });
    seal(request, context);
    if (pod !== undefined && request.network.mode === "pod") {
      const { addMemberNames } = await import("../network/connect/pod-member-names.ts");
      addMemberNames(scope, pod.record.id, id, [...new Set([name, id.slice(0, 12), ...serviceName(request)])]);
    }
    if (!request.detach) {
      const open = [network?.fd, namespace?.fd, ...(pod?.namespaces ?? []).map(({ fd }) => fd)];
      for (const fd of open) if (fd !== undefined) keepOverExec(fd);
    }
    const run = { id, bundle: paths.bundle, pidFile: paths.pidFile, preserveFds, systemdCgroup: cgroup.systemd };
    const finish = async () => {
      const found = await network?.finish();
      if (found === undefined) return;
      writeRecord(scope, { ...record, addresses: found.addresses, ports: found.ports });
      writeEtcFiles(request, paths, { ...etc, network: found.view });
    };
    await network?.joinable();
    const settle = async () => network?.settle();
    return {
      run,
      network: { first: setsSysctlsOfInterfaces(request), finish, settle },
      networkOwner: pod !== undefined && request.network.mode === "pod" ? pod.record.id : id,
    };
  } catch (error) {
    await network?.settle();
    throw error;
  }
}

/**
 * Whether writeBundle() has nothing to do that others' files or servers can hold up: a file server that does not
 * answer, a volume to fill, owners to change. What the kernel makes is there at once.
 */
function mountsAtOnce({ mounts }: RunRequest, { config }: StoredImage): boolean {
  return config.volumes.length === 0 && mounts.every(({ type }) => KERNEL_FILE_SYSTEMS.includes(type));
}

const KERNEL_FILE_SYSTEMS: readonly string[] = ["tmpfs", "ramfs", "devpts"] satisfies MountRequest["type"][];

function setsSysctlsOfInterfaces({ sysctls }: RunRequest): boolean {
  return Object.keys(sysctls).some((name) => /^net\..*\.(?:conf|neigh)\./.test(name));
}

/**
 * The container's own user namespace, if it has one. It costs a process and its code, so both come when they are
 * needed.
 */
async function openUserNamespace(
  request: RunRequest,
  { scope }: LaunchContext,
  id: string,
  layers: readonly string[],
): Promise<ContainerNamespace | undefined> {
  if (request.userNamespace.mode === "host" && request.idsOf === undefined) return undefined;
  const { openContainerNamespace } = await import("../user-namespace/container-namespace.ts");
  const { mode } = request.network;
  const withNetwork =
    mode !== "host" && mode !== "none" && mode !== "pod" && mode !== "container" && mode !== "namespace";
  return openContainerNamespace(request, { scope, id, layers, withNetwork });
}

/** What carries out the option idmap, where a mount has it. */
async function openIdMapper(
  { mounts }: RunRequest,
  namespace: ContainerNamespace | undefined,
): Promise<MountIdMapped | undefined> {
  if (mounts.every(({ options }) => idMapOption(options) === undefined)) return undefined;
  const { idMapper } = await import("../mount/id-mapped-source.ts");
  return idMapper(namespace);
}

/** The request with a port of the host's for each that is published without one. */
async function withHostPorts(request: RunRequest, { inUserNamespace }: LaunchContext): Promise<RunRequest> {
  // The system's are chosen together with taking them.
  if (!inUserNamespace || request.ports.every(({ hostPort }) => hostPort !== 0)) return request;
  const { chooseHostPorts } = await import("../network/connect/published-ports.ts");
  return { ...request, ports: chooseHostPorts(request.ports, []) };
}

function stopSignal(request: RunRequest, image: StoredImage): string {
  return (request.stopSignal ?? (image.config.stopSignal || "TERM")).toUpperCase().replace(/^SIG/, "");
}

/** The login uid is set last: whatever the launcher itself did before counts as the system's own doing. */
function seal(request: RunRequest, context: LaunchContext): void {
  const { loginuid, unit } = request;
  if (loginuid === undefined) return;
  const asked = unit === undefined ? undefined : takeCaller(context.scope, unit);
  const uid = loginuid === "caller" ? asked : resolveLoginuid(loginuid, readFileSync("/etc/passwd", "utf8"));
  if (uid !== undefined) sealLoginuid(uid);
}

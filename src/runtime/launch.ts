import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { hostname as hostHostname } from "node:os";
import type { DiffId } from "../image/digest.ts";
import { lowerDirectories } from "../image/layer/directory.ts";
import { withStoreLock } from "../image/lock.ts";
import type { StoredImage } from "../image/store.ts";
import type { Scope } from "../scope.ts";
import { type EtcFacts, writeBundleFiles, writeEtcFiles } from "./bundle-files.ts";
import { boundingSet } from "./capabilities.ts";
import { cleanUp } from "./cleanup.ts";
import { type ContainerCgroup, containerCgroup } from "./container-cgroup.ts";
import { takeName } from "./container-name.ts";
import { type ContainerUser, missingEntries, resolveUser } from "./container-user.ts";
import { payloadEnvironment } from "./environment.ts";
import { RuntimeError } from "./error.ts";
import { checkExecutable } from "./executable.ts";
import type { MountIdMapped } from "./id-mapped-source.ts";
import { inheritedSockets, keepInheritedSockets, socketEnvironment } from "./inherited-sockets.ts";
import { attainableCapabilities, attainableLimits } from "./limits.ts";
import { resolveLoginuid, sealLoginuid, takeCaller } from "./loginuid.ts";
import { idMapOption } from "./mount-context.ts";
import { mountedImages, mountedVolumes } from "./mounted-images.ts";
import { resolveMounts } from "./mounts.ts";
import { execve, keepOverExec } from "./native.ts";
import { type ConnectedNetworks, type Connection, connect } from "./network/connection.ts";
import { joinNetwork } from "./network/joined.ts";
import { makeNetworkNamespace } from "./network/namespace.ts";
import { connectByPasta, type PastaConnection } from "./network/pasta.ts";
import { connectShared } from "./network/shared-connection.ts";
import { createNotifier, type Notifier } from "./notify.ts";
import { formatRuntimeSpec, payloadArguments, toRuntimeSpec } from "./oci-config.ts";
import { type ContainerPaths, containerPaths } from "./paths.ts";
import { notifyEnvironment, notifyMount } from "./payload-notify.ts";
import { outputMounts } from "./payload-output.ts";
import type { JoinedPod } from "./pod/join.ts";
import { identify } from "./process-identity.ts";
import { type ContainerRecord, writeRecord } from "./record.ts";
import { leaveHostMounts, linkMtab, mountRootfs } from "./rootfs.ts";
import type { RunRequest } from "./run-request.ts";
import {
  createContainer,
  type Environment,
  type RuncRun,
  runcEnvironment,
  runcRunArguments,
  startContainer,
} from "./runc.ts";
import type { SpecHook } from "./runtime-spec.ts";
import { loadSeccomp } from "./seccomp-profile.ts";
import { extendUserDatabase, mountedUserDatabase, readUserDatabase } from "./user-database.ts";
import type { ContainerNamespace } from "./user-namespace/container-namespace.ts";
import { namespaceEnvironment } from "./user-namespace.ts";

export interface LaunchContext {
  readonly scope: Scope;
  readonly env: Environment;
  /** Absolute path of berth itself. */
  readonly program: string;
  readonly inUserNamespace: boolean;
  /** Finds the image, pulling it as the request's policy says; the notifier is told of a pull under way. */
  readonly image: (request: RunRequest, notifier: Notifier) => Promise<StoredImage>;
}

/**
 * Starts a container in place of this process. Detached, it returns once the payload runs and systemd has been told;
 * in the foreground this process becomes `runc run`, so nothing of berth remains and the exit code is the payload's.
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
    const { run, network } = await prepare(request, context, id, image);
    const pid = await create(run, network, request.detach, context);
    // systemd has to know all this before the payload can end: a process that it does not know it reaps without noting how
    // that ended, and a service that ends before it is ready has failed, whatever its exit code.
    notifier.payload(pid, request.sdnotify === "started");
    startContainer(run, pid);
  } catch (error) {
    if (request.unit === undefined) await cleanUp(scope, id);
    throw error;
  }
}

/** Makes the container in its network and returns its PID; in the foreground this process becomes it. */
async function create(run: RuncRun, network: PendingNetwork, detach: boolean, context: LaunchContext): Promise<number> {
  try {
    if (network.first || !detach) await network.finish();
    if (!detach) becomeRunc(run, context);
    // runc only joins the namespace: what is still being made in there takes about as long as runc's own work.
    const creating = createContainer(run, context.env);
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

/** What runc needs, and what the payload needs besides. */
interface Prepared {
  readonly run: RuncRun;
  readonly network: PendingNetwork;
}

/** The container's network, on which other programs are at work. */
interface PendingNetwork {
  /** Whether runc has to find it finished. */
  readonly first: boolean;
  /** Resolves once everything is in place; rejects with "network". */
  finish(): Promise<void>;
  /** Resolves once nothing is under way any more: what is still being made cannot be taken away. */
  settle(): Promise<void>;
}

/** Everything up to runc: what this makes, cleanUp() takes away. */
async function prepare(asked: RunRequest, context: LaunchContext, id: string, image: StoredImage): Promise<Prepared> {
  const { scope } = context;
  const pod = asked.pod === undefined ? undefined : (await import("./pod/join.ts")).openPod(scope, asked, context.env);
  const request = await withHostPorts(pod?.request ?? asked);
  // What is made here is seen by the payload's user as well, whatever UMask= the unit has.
  process.umask(0o022);
  const paths = containerPaths(scope, id);
  const name = request.name ?? id.slice(0, 12);
  const cgroup = containerCgroup(request.unit, id);
  const self = identify(process.pid);
  if (self === undefined) throw new RuntimeError("syscall", "read /proc/self/stat");
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
  // Seen together by whoever removes images: once the record is there, the layers in it stay. And by whoever clears away what
  // is stale: a bundle without a record has no launcher any more.
  const { layers, images } = withStoreLock(scope.stateDir, "shared", () => {
    mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
    writeRecord(scope, record);
    const directories = (of: readonly DiffId[]) => lowerDirectories(scope.stateDir, of);
    return {
      layers: directories(image.layers),
      images: new Map([...otherImages].map(([name, diffIds]) => [name, directories(diffIds)])),
    };
  });
  await takeName(scope, name, id, request);
  pod?.announce(name);
  const namespace = await openUserNamespace(request, context, id, layers);
  const joined = joinNetwork(scope, request.network);
  const connection = openNetwork(request, context, paths, id, name, namespace);
  const pasta = openPasta(request, context, paths, namespace);
  const settle = async () => {
    await connection?.settle();
    await pasta?.facts.catch(() => undefined);
  };
  try {
    if (connection !== undefined) writeRecord(scope, { ...record, addresses: addressesOf(connection) });
    const hostname =
      pod?.record.hostname ?? request.hostname ?? (request.network.mode === "host" ? hostHostname() : id.slice(0, 12));
    const etc = { hostname, name, joined, owner: namespace?.root };
    const networkNamespace = pasta === undefined ? connection?.namespace.path : paths.networkNamespace;
    const preserveFds = writeBundle(request, context, {
      ...{ id, image, paths, layers, images, etc: { ...etc, network: connection?.view } },
      ...{ cgroup, networkNamespace, namespace, pod },
      mountIdMapped: await openIdMapper(request, namespace),
    });
    seal(request, context);
    if (pod !== undefined && request.network.mode === "pod") {
      const { addMemberNames } = await import("./network/member-names.ts");
      addMemberNames(scope, pod.record.id, id, [...new Set([name, id.slice(0, 12), ...serviceName(request)])]);
    }
    if (connection !== undefined && !request.detach) keepOverExec(connection.namespace.fd);
    if (namespace !== undefined && !request.detach) keepOverExec(namespace.fd);
    if (pod !== undefined && !request.detach) for (const { fd } of pod.namespaces) keepOverExec(fd);
    const run = { scope, paths, id, preserveFds, systemdCgroup: cgroup.systemd };
    const finish = async () => {
      const connected = await connection?.finish();
      const facts = connected?.view ?? (await pasta?.facts);
      if (facts === undefined) return;
      // Not known before: a DHCP server's, or with pasta the host's own, most of the time.
      const addresses = connected === undefined ? { pasta: facts.addresses } : addressesOf(connected);
      writeRecord(scope, { ...record, addresses });
      writeEtcFiles(request, paths, { ...etc, network: facts });
    };
    await pasta?.pinned;
    return { run, network: { first: setsSysctlsOfInterfaces(request), finish, settle } };
  } catch (error) {
    await settle();
    throw error;
  }
}

function setsSysctlsOfInterfaces({ sysctls }: RunRequest): boolean {
  return Object.keys(sysctls).some((name) => /^net\..*\.(?:conf|neigh)\./.test(name));
}

function addressesOf({ networks }: ConnectedNetworks): Record<string, readonly string[]> {
  return Object.fromEntries(networks.map(({ definition, addresses }) => [definition.name, addresses]));
}

/** Mounts the container's root and writes config.json and the files beside it. Returns how many sockets the payload gets. */
function writeBundle(
  request: RunRequest,
  context: LaunchContext,
  made: {
    readonly id: string;
    readonly image: StoredImage;
    readonly paths: ContainerPaths;
    readonly layers: readonly string[];
    readonly images: ReadonlyMap<string, readonly string[]>;
    readonly cgroup: ContainerCgroup;
    readonly etc: EtcFacts;
    readonly networkNamespace: string | undefined;
    readonly namespace: ContainerNamespace | undefined;
    readonly pod: JoinedPod | undefined;
    readonly mountIdMapped: MountIdMapped | undefined;
  },
): number {
  const { scope, env } = context;
  const { id, image, paths, etc, networkNamespace, namespace, pod } = made;
  const { hostname } = etc;
  if (sharesHostMounts(request, context)) leaveHostMounts();
  const lower = namespace?.shiftLayers(paths, made.layers);
  mountRootfs(paths, lower?.directories ?? made.layers, context.inUserNamespace);
  const rootfs = namespace?.openWay(scope, paths) ?? paths.rootfs;
  linkMtab(paths.rootfs, namespace?.root);
  const user = containerUser(request, namespace?.user ?? image.config.user, image, paths.rootfs, namespace);
  const sockets = inheritedSockets(env);
  const { inUserNamespace } = context;
  const otherImages = [...made.images].map(([name, trees]) => [name, namespace?.shiftLayers(paths, trees)] as const);
  const images = new Map(
    otherImages.map(([name, shifted]) => [name, shifted?.directories ?? made.images.get(name) ?? []]),
  );
  const { mountIdMapped } = made;
  const mountContext = { scope, paths, user, inUserNamespace, images, mountIdMapped };
  const mounts = resolveMounts(mountContext, request.mounts, image.config.volumes);
  // What has been mounted of the layers keeps them.
  for (const shifted of [lower, ...otherImages.map(([, trees]) => trees)]) shifted?.release();
  const bounding = boundingSet(request.capAdd, request.capDrop, attainableCapabilities());
  const spec = toRuntimeSpec({
    request,
    image: image.config,
    user,
    bounding,
    environment: payloadEnvironment({
      image: image.config.env,
      host: env,
      passHost: request.envHost,
      files: request.envFiles.map(readEnvironmentFile),
      assignments: request.env,
      home: user.home,
      hostname,
      tty: request.tty,
      own: { ...socketEnvironment(sockets, env), ...notifyEnvironment(request, env) },
    }),
    hostname,
    rootfs,
    mounts: [
      ...writeBundleFiles(request, paths, etc),
      // In place of those.
      ...(pod?.mounts(paths.bundle) ?? []),
      ...notifyMount(request, env),
      ...outputMounts(scope, request, mounts),
      ...mounts,
    ],
    cgroupsPath: made.cgroup.runcPath,
    networkNamespace: namespaceToJoin(request, etc, networkNamespace ?? pod?.network),
    userNamespace: namespace,
    joined: pod === undefined ? {} : { ipc: pod.path("ipc"), uts: pod.path("uts") },
    seccomp: loadSeccomp(request, bounding),
    inUserNamespace: context.inUserNamespace,
    hardLimits: attainableLimits(context.inUserNamespace),
    poststop: request.unit === undefined ? cleanupHook(context, id) : undefined,
  });
  if (!request.detach) checkExecutable(spec);
  writeFileSync(paths.config, formatRuntimeSpec(spec), { mode: 0o600 });
  return sockets;
}

/** The network namespace that runc is to join; "" has it make one, undefined leaves the host's. */
function namespaceToJoin({ network }: RunRequest, { joined }: EtcFacts, own: string | undefined): string | undefined {
  if (network.mode === "host") return undefined;
  return joined === undefined ? (own ?? "") : joined.path;
}

/** What runc runs when a container that no unit cleans up after has ended. It gets no environment but this. */
function cleanupHook({ scope, env, program }: LaunchContext, id: string): SpecHook {
  const variables = Object.entries(namespaceEnvironment(scope, env)).map(([name, value]) => `${name}=${value}`);
  return { path: program, args: ["berth", "cleanup", "--id", id], env: variables };
}

function becomeRunc(run: RuncRun, context: LaunchContext): never {
  const args = runcRunArguments(run, "run");
  keepInheritedSockets(run.preserveFds);
  execve(args[0], args, runcEnvironment(context.env));
}

/** Whether what is mounted here would be seen outside: not where the unit has PrivateMounts=, or after unshare(1). */
function sharesHostMounts(request: RunRequest, context: LaunchContext): boolean {
  if (context.inUserNamespace) return false;
  return request.unit === undefined || readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
}

/** The container's own user namespace, if it has one. It costs a process and its code, so both come when they are needed. */
async function openUserNamespace(
  request: RunRequest,
  { scope }: LaunchContext,
  id: string,
  layers: readonly string[],
): Promise<ContainerNamespace | undefined> {
  if (request.userNamespace.mode === "host" && request.idsOf === undefined) return undefined;
  const { openContainerNamespace } = await import("./user-namespace/container-namespace.ts");
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
  const { idMapper } = await import("./id-mapped-source.ts");
  return idMapper(namespace);
}

function openNetwork(
  request: RunRequest,
  context: LaunchContext,
  paths: ContainerPaths,
  id: string,
  name: string,
  namespace: ContainerNamespace | undefined,
): Connection | undefined {
  const { mode } = request.network;
  if (mode !== "bridge" && mode !== "pasta") {
    if (request.ports.length > 0)
      throw new RuntimeError("bad-request", `ports are not published with the network ${mode}`);
    if (context.inUserNamespace && mode === "namespace")
      throw new RuntimeError(
        "bad-request",
        "an ordinary user's containers cannot join a namespace that is not their own",
      );
    return undefined;
  }
  if (mode === "pasta") return undefined;
  const service = serviceName(request);
  const networks = request.network.networks.map((network) => ({
    ...network,
    aliases: [...network.aliases, ...service],
  }));
  const { ports, dns } = request;
  const wanted = { owner: id, name, hostname: request.hostname ?? name, networks, ports, dns };
  if (context.inUserNamespace) return connectShared(context.scope, wanted, namespace?.network, paths.networkNamespace);
  return connect(context.scope, namespace?.network ?? makeNetworkNamespace(), wanted);
}

/** The request with a port of the host's for each that is published without one. */
async function withHostPorts(request: RunRequest): Promise<RunRequest> {
  if (request.ports.every(({ hostPort }) => hostPort !== 0)) return request;
  const { chooseHostPorts } = await import("./network/published-ports.ts");
  return { ...request, ports: chooseHostPorts(request.ports) };
}

/** The service's name is one of the container's, where a name server can find it. */
function serviceName({ unit }: RunRequest): string[] {
  const name = unit?.replace(/\.service$/, "");
  return name !== undefined && /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/.test(name) ? [name] : [];
}

function openPasta(
  request: RunRequest,
  context: LaunchContext,
  paths: ContainerPaths,
  namespace: ContainerNamespace | undefined,
): PastaConnection | undefined {
  const { network, ports } = request;
  if (network.mode !== "pasta") return undefined;
  if (!context.inUserNamespace)
    throw new RuntimeError("bad-request", "the network pasta is for a user's containers: ask for bridge, host or none");
  const { options } = network;
  const own = namespace?.network?.path;
  return connectByPasta({ path: paths.networkNamespace, namespace: own, options, ports });
}

/** The payload's user. One that is asked for by number and has no entry in the image's databases is given one. */
function containerUser(
  request: RunRequest,
  fallback: string,
  image: StoredImage,
  rootfs: string,
  namespace: ContainerNamespace | undefined,
): ContainerUser {
  const wanted = request.user ?? fallback;
  const mounted = mountedUserDatabase(request.mounts);
  const database = { ...readUserDatabase(rootfs), ...mounted };
  const workdir = request.workdir ?? (image.config.workingDirectory || "/");
  const none = Object.fromEntries(Object.keys(mounted).map((name) => [name, ""]));
  const missing = { ...missingEntries(wanted, database, workdir), ...none };
  const user = resolveUser(wanted, {
    passwd: `${database.passwd}\n${missing.passwd}`,
    group: `${database.group}\n${missing.group}`,
  });
  extendUserDatabase(rootfs, database, missing);
  return namespace === undefined ? user : { ...user, outside: namespace.toOutside(user) };
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

function readEnvironmentFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RuntimeError("bad-request", `read environment file ${path}`, { cause });
  }
}

import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import type { Environment } from "../../environment.ts";
import type { StoredImage } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";
import type { MountIdMapped } from "../mount/id-mapped-source.ts";
import { leaveHostMounts, linkMtab, mountRootfs } from "../mount/rootfs.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import type { ContainerCgroup } from "../oci-runtime/container-cgroup.ts";
import type { JoinedPod } from "../pod/join.ts";
import { boundingSet } from "../spec/capabilities.ts";
import { attainableCapabilities, attainableLimits } from "../spec/limits.ts";
import { formatRuntimeSpec, toRuntimeSpec } from "../spec/oci-config.ts";
import type { SpecHook } from "../spec/runtime-spec.ts";
import { loadSeccomp } from "../spec/seccomp-profile.ts";
import { inheritedSockets, socketEnvironment } from "../systemd/inherited-sockets.ts";
import { notifyEnvironment, notifyMount } from "../systemd/payload-notify.ts";
import { outputMounts } from "../systemd/payload-output.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { namespaceEnvironment } from "../user-namespace/enter.ts";
import { type ContainerUser, missingEntries, resolveUser } from "../users/container-user.ts";
import { extendUserDatabase, mountedUserDatabase, readUserDatabase } from "../users/user-database.ts";
import { type EtcFacts, writeBundleFiles } from "./bundle-files.ts";
import { payloadEnvironment } from "./environment.ts";
import { checkExecutable } from "./executable.ts";
import { limitMounts } from "./limit-mounts.ts";
import { resolveMounts } from "./mounts.ts";

export interface BundleContext {
  readonly scope: Scope;
  readonly env: Environment;
  /** Absolute path of berth itself. */
  readonly program: string;
  readonly inUserNamespace: boolean;
}

/** What a bundle is made of besides the request. */
export interface BundleParts {
  readonly id: string;
  readonly image: StoredImage;
  readonly paths: ContainerPaths;
  /** Directories of the image's layers, the lowest first. */
  readonly layers: readonly string[];
  /** The same of other images, by the names in the request's mounts. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  readonly cgroup: ContainerCgroup;
  readonly etc: EtcFacts;
  /** Path of the network namespace that berth has made for the container, if it has. */
  readonly networkNamespace: string | undefined;
  readonly namespace: ContainerNamespace | undefined;
  readonly pod: JoinedPod | undefined;
  readonly mountIdMapped: MountIdMapped | undefined;
  /** Tells what is under way, in case it takes long. */
  readonly status: (text: string) => void;
}

/**
 * Mounts the container's root and writes config.json and the files beside it. Returns how many sockets the payload
 * gets. Throws "bad-request" for what the image or the host does not have, "syscall" for mounts that the
 * kernel refuses.
 */
export function writeBundle(request: RunRequest, context: BundleContext, parts: BundleParts): number {
  const { scope, env } = context;
  const { id, image, paths, etc, networkNamespace, namespace, pod } = parts;
  const { hostname } = etc;
  if (sharesHostMounts(request, context)) leaveHostMounts();
  const lower = namespace?.shiftLayers(paths, parts.layers);
  mountRootfs(paths, lower?.directories ?? parts.layers, context.inUserNamespace);
  const rootfs = namespace?.openWay(scope, paths) ?? paths.rootfs;
  linkMtab(paths.rootfs, namespace?.root);
  const user = containerUser(request, namespace?.user ?? image.config.user, image, paths.rootfs, namespace);
  const sockets = inheritedSockets(env);
  if (sockets > 0 && pod?.path("pid") !== undefined) throw socketsWithoutPid(pod.record.name);
  const { inUserNamespace } = context;
  const otherImages = [...parts.images].map(([name, trees]) => [name, namespace?.shiftLayers(paths, trees)] as const);
  const images = new Map(
    otherImages.map(([name, shifted]) => [name, shifted?.directories ?? parts.images.get(name) ?? []]),
  );
  const { mountIdMapped, status } = parts;
  const mountContext = { scope, paths, user, inUserNamespace, images, mountIdMapped, status };
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
      ...limitMounts(parts.cgroup, mounts),
    ],
    cgroupsPath: parts.cgroup.cgroupsPath,
    networkNamespace: namespaceToJoin(request, etc, networkNamespace ?? pod?.network),
    userNamespace: namespace,
    traits: ociRuntime(scope).traits,
    joined: pod === undefined ? {} : { ipc: pod.path("ipc"), pid: pod.path("pid"), uts: pod.path("uts") },
    seccomp: loadSeccomp(request, bounding),
    inUserNamespace: context.inUserNamespace,
    hardLimits: attainableLimits(context.inUserNamespace),
    poststop: request.unit === undefined ? cleanupHook(context, id) : undefined,
  });
  if (!request.detach) checkExecutable(spec);
  writeFileSync(paths.config, formatRuntimeSpec(spec), { mode: 0o600 });
  return sockets;
}

/**
 * sd_listen_fds(3): the payload takes them only if LISTEN_PID is its own PID, which nobody knows before it is there.
 */
function socketsWithoutPid(pod: string): RuntimeError {
  const why = "its containers share a PID namespace, in which no payload's PID is known beforehand (LISTEN_PID)";
  return new RuntimeError("bad-request", `sockets cannot be handed to a container of pod ${pod}: ${why}`);
}

/** The network namespace for the container to join; "" has the OCI runtime make one, undefined leaves the host's. */
function namespaceToJoin({ network }: RunRequest, { joined }: EtcFacts, own: string | undefined): string | undefined {
  if (network.mode === "host") return undefined;
  return joined === undefined ? (own ?? "") : joined.path;
}

/** The command for the OCI runtime to run when a container that no unit cleans up after has ended. It gets no environment but this. */
function cleanupHook({ scope, env, program }: BundleContext, id: string): SpecHook {
  const variables = Object.entries(namespaceEnvironment(scope, env)).map(([name, value]) => `${name}=${value}`);
  return { path: program, args: ["berth", "cleanup", "--id", id], env: variables };
}

/** Whether what is mounted here would be seen outside: not where the unit has PrivateMounts=, or after unshare(1). */
function sharesHostMounts(request: RunRequest, context: BundleContext): boolean {
  if (context.inUserNamespace) return false;
  return request.unit === undefined || readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
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

function readEnvironmentFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RuntimeError("bad-request", `read environment file ${path}`, { cause });
  }
}

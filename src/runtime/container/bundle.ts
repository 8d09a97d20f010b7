import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { readBounded } from "../../system/read-bounded.ts";
import { RuntimeError } from "../error.ts";
import type { MountIdMapped } from "../mount/id-mapped-source.ts";
import { checkMountKinds } from "../mount/mount-kind.ts";
import { checkImagePlaces, checkMountPlaces } from "../mount/mount-place.ts";
import { leaveHostMounts, linkMtab, mountRootfs } from "../mount/rootfs.ts";
import { boundingSet } from "../spec/capabilities.ts";
import { attainableCapabilities, attainableLimits, checkLimits } from "../spec/limits.ts";
import { formatRuntimeSpec, toRuntimeSpec } from "../spec/oci-config.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { loadSeccomp } from "../spec/seccomp-profile.ts";
import { checkSysctls } from "../spec/sysctl-check.ts";
import { inheritedSockets } from "../systemd/inherited-sockets.ts";
import { notifyMount } from "../systemd/payload-notify.ts";
import { outputMounts } from "../systemd/payload-output.ts";
import type { ShiftedLayers } from "../user-namespace/shifted-layers.ts";
import { type ContainerUser, missingEntries, resolveUser } from "../users/container-user.ts";
import {
  checkUserDatabase,
  extendUserDatabase,
  mountedUserDatabase,
  readUserDatabase,
} from "../users/user-database.ts";
import { etcFacts, writeBundleFiles } from "./bundle-files.ts";
import { type BundleFacts, specInput } from "./bundle-spec.ts";
import { limitMounts } from "./limit-mounts.ts";
import { resolveMounts } from "./mounts.ts";
import { checkExecutable } from "./program/executable.ts";
import type { Start } from "./start.ts";

/**
 * Mounts the container's root, and writes config.json and the files beside it. Returns the number of sockets for the
 * payload. Throws "bad-request" if the image or the host lacks something, "syscall" if the kernel refuses a mount.
 */
export function writeBundle(start: Start, mountIdMapped: MountIdMapped | undefined): number {
  const { context, request, paths } = start;
  if (sharesHostMounts(start)) leaveHostMounts();
  const lower = start.namespace?.shiftLayers(paths, start.layers);
  mountRootfs(paths, lower?.directories ?? start.layers, context.inUserNamespace);
  const rootfs = start.namespace?.grantRootfsAccess(context.scope, paths) ?? paths.rootfs;
  checkImagePlaces(paths.rootfs, request.workdir ?? start.image.config.workingDirectory);
  linkMtab(paths.rootfs, start.namespace?.root);
  const user = containerUser(start);
  const sockets = socketsOfPayload(start);
  const mounts = bundleMounts(start, mountSources(start, user, mountIdMapped));
  // The root's overlay keeps the layers open.
  lower?.release();
  checkSysctls(Object.keys(request.sysctls));
  if (request.ulimits !== "host") checkLimits(request.ulimits, context.inUserNamespace);
  const spec = toRuntimeSpec(specInput(start, { user, rootfs, sockets, mounts, ...hostFacts(start) }));
  checkMountKinds(paths.rootfs, spec.mounts);
  const plainIds = start.namespace === undefined && !context.inUserNamespace;
  checkExecutable(spec, plainIds ? { uid: user.uid } : {});
  writeFileSync(paths.config, formatRuntimeSpec(spec), { mode: 0o600 });
  return sockets;
}

/** Whether mounts made here would appear on the host: not if the unit has PrivateMounts=, nor after unshare(1). */
function sharesHostMounts({ context, request }: Start): boolean {
  if (context.inUserNamespace) return false;
  return request.unit === undefined || readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
}

/**
 * The number of sockets that systemd passes to the payload. The payload takes them only if LISTEN_PID is its own PID
 * (sd_listen_fds(3)), which in a shared PID namespace is unknown until the process exists.
 */
function socketsOfPayload({ context, pod }: Start): number {
  const sockets = inheritedSockets(context.env);
  if (sockets === 0 || pod?.path("pid") === undefined) return sockets;
  const why = "its containers share a PID namespace, in which no payload's PID is known beforehand (LISTEN_PID)";
  const refused = `sockets cannot be handed to a container of pod ${pod.record.name}: ${why}`;
  throw new RuntimeError("bad-request", refused);
}

/** The request's mounts. Overlays, images and volumes that have to be mounted beforehand are mounted here. */
function mountSources(start: Start, user: ContainerUser, mountIdMapped: MountIdMapped | undefined): SpecMount[] {
  const { context, request, image, paths, notifier, namespace } = start;
  const shifted = new Map<string, ShiftedLayers>();
  if (namespace !== undefined)
    for (const [name, trees] of start.images) shifted.set(name, namespace.shiftLayers(paths, trees));
  const mounts = resolveMounts(
    {
      scope: context.scope,
      paths,
      user,
      inUserNamespace: context.inUserNamespace,
      images: new Map([...start.images].map(([name, trees]) => [name, shifted.get(name)?.directories ?? trees])),
      mountIdMapped,
      status: notifier.status,
    },
    request.mounts,
    image.config.volumes,
  );
  checkMountPlaces(paths.rootfs, mounts);
  // The overlays made of them keep the layers open.
  for (const { release } of shifted.values()) release();
  return mounts;
}

/** All mounts besides the kernel's. At the same path a later one wins: the user's mount over berth's own file. */
function bundleMounts(start: Start, mounts: readonly SpecMount[]): SpecMount[] {
  const { context, request, plan, paths, pod, network } = start;
  return [
    ...writeBundleFiles(request, paths, etcFacts(start, network?.settings?.view)),
    // The pod's files replace the container's own.
    ...(pod?.mounts(paths.bundle) ?? []),
    ...notifyMount(context.scope, request, context.env),
    ...outputMounts(context.scope, request, { mounts, pipesOutput: start.runtime.traits.pipesOutput }),
    ...mounts,
    ...limitMounts(plan.cgroup, mounts),
  ];
}

/** Facts about the machine and from the host's files. */
function hostFacts({ context, runtime, request }: Start): Omit<BundleFacts, "user" | "rootfs" | "sockets" | "mounts"> {
  const bounding = boundingSet(request.capAdd, request.capDrop, attainableCapabilities());
  return {
    environmentFiles: request.envFiles.map(readEnvironmentFile),
    bounding,
    seccomp: loadSeccomp(request, bounding),
    hardLimits: attainableLimits(context.inUserNamespace),
    traits: runtime.traits,
  };
}

/** The payload's user. A user requested by number gets an entry in the image's databases if they have none. */
function containerUser({ request, image, paths, namespace }: Start): ContainerUser {
  const wanted = request.user ?? namespace?.user ?? image.config.user;
  const mounted = mountedUserDatabase(request.mounts);
  checkUserDatabase(paths.rootfs, mounted);
  const database = { ...readUserDatabase(paths.rootfs), ...mounted };
  const workdir = request.workdir ?? (image.config.workingDirectory || "/");
  const none = Object.fromEntries(Object.keys(mounted).map((name) => [name, ""]));
  const missing = { ...missingEntries(wanted, database, workdir), ...none };
  const user = resolveUser(wanted, {
    passwd: `${database.passwd}\n${missing.passwd}`,
    group: `${database.group}\n${missing.group}`,
  });
  extendUserDatabase(paths.rootfs, database, missing);
  return namespace === undefined ? user : { ...user, outside: namespace.toOutside(user) };
}

/** The longest environment file that is read: bytes. execve(2) takes a few megabytes in all. */
const ENVIRONMENT_MAX = 4 * 1024 * 1024;

function readEnvironmentFile(path: string): string {
  try {
    // A shell's <(command), which is the caller's own.
    if (/^\/dev\/(?:stdin|fd\/\d+)$/.test(path)) return readFileSync(path, "utf8");
    const bytes = readBounded(path, ENVIRONMENT_MAX);
    if (bytes !== undefined) return bytes.toString();
  } catch (cause) {
    throw new RuntimeError("bad-request", `read environment file ${path}`, { cause });
  }
  throw new RuntimeError("bad-request", `environment file ${path} is not a regular file`);
}

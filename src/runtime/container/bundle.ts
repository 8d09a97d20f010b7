import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { RuntimeError } from "../error.ts";
import type { MountIdMapped } from "../mount/id-mapped-source.ts";
import { leaveHostMounts, linkMtab, mountRootfs } from "../mount/rootfs.ts";
import { ociRuntime } from "../oci-runtime/choice.ts";
import { boundingSet } from "../spec/capabilities.ts";
import { attainableCapabilities, attainableLimits } from "../spec/limits.ts";
import { formatRuntimeSpec, toRuntimeSpec } from "../spec/oci-config.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { loadSeccomp } from "../spec/seccomp-profile.ts";
import { inheritedSockets } from "../systemd/inherited-sockets.ts";
import { notifyMount } from "../systemd/payload-notify.ts";
import { outputMounts } from "../systemd/payload-output.ts";
import type { ShiftedLayers } from "../user-namespace/shifted-layers.ts";
import { type ContainerUser, missingEntries, resolveUser } from "../users/container-user.ts";
import { extendUserDatabase, mountedUserDatabase, readUserDatabase } from "../users/user-database.ts";
import { etcFacts, writeBundleFiles } from "./bundle-files.ts";
import { type BundleFacts, specInput } from "./bundle-spec.ts";
import { checkExecutable } from "./executable.ts";
import { limitMounts } from "./limit-mounts.ts";
import { resolveMounts } from "./mounts.ts";
import type { Start } from "./start.ts";

/**
 * Mounts the container's root and writes config.json and the files beside it. Returns how many sockets the payload
 * gets. Throws "bad-request" for what the image or the host does not have, "syscall" for mounts that the
 * kernel refuses.
 */
export function writeBundle(start: Start, mountIdMapped: MountIdMapped | undefined): number {
  const { context, request, paths } = start;
  if (sharesHostMounts(start)) leaveHostMounts();
  const lower = start.namespace?.shiftLayers(paths, start.layers);
  mountRootfs(paths, lower?.directories ?? start.layers, context.inUserNamespace);
  const rootfs = start.namespace?.grantRootfsAccess(context.scope, paths) ?? paths.rootfs;
  linkMtab(paths.rootfs, start.namespace?.root);
  const user = containerUser(start);
  const sockets = socketsOfPayload(start);
  const mounts = bundleMounts(start, mountSources(start, user, mountIdMapped));
  // The root's overlay keeps them.
  lower?.release();
  const spec = toRuntimeSpec(specInput(start, { user, rootfs, sockets, mounts, ...hostFacts(start) }));
  if (!request.detach) checkExecutable(spec);
  writeFileSync(paths.config, formatRuntimeSpec(spec), { mode: 0o600 });
  return sockets;
}

/** Whether what is mounted here would be seen outside: not where the unit has PrivateMounts=, or after unshare(1). */
function sharesHostMounts({ context, request }: Start): boolean {
  if (context.inUserNamespace) return false;
  return request.unit === undefined || readlinkSync("/proc/self/ns/mnt") === readlinkSync("/proc/1/ns/mnt");
}

/**
 * How many sockets systemd hands to the payload. It takes them only if LISTEN_PID is its own PID (sd_listen_fds(3)),
 * which is not known before it is there.
 */
function socketsOfPayload({ context, pod }: Start): number {
  const sockets = inheritedSockets(context.env);
  if (sockets === 0 || pod?.path("pid") === undefined) return sockets;
  const why = "its containers share a PID namespace, in which no payload's PID is known beforehand (LISTEN_PID)";
  const refused = `sockets cannot be handed to a container of pod ${pod.record.name}: ${why}`;
  throw new RuntimeError("bad-request", refused);
}

/** The request's mounts, with everything mounted that has to be before the container is created. */
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
  // What has been mounted of the layers keeps them.
  for (const { release } of shifted.values()) release();
  return mounts;
}

/** All mounts besides the kernel's. A later one at the same place hides an earlier one: the user's hide berth's own. */
function bundleMounts(start: Start, mounts: readonly SpecMount[]): SpecMount[] {
  const { context, request, plan, paths, pod, network } = start;
  return [
    ...writeBundleFiles(request, paths, etcFacts(start, network?.facts?.view)),
    // In place of those.
    ...(pod?.mounts(paths.bundle) ?? []),
    ...notifyMount(request, context.env),
    ...outputMounts(context.scope, request, mounts),
    ...mounts,
    ...limitMounts(plan.cgroup, mounts),
  ];
}

/** What depends on the machine and on files of the host. */
function hostFacts({ context, request }: Start): Omit<BundleFacts, "user" | "rootfs" | "sockets" | "mounts"> {
  const bounding = boundingSet(request.capAdd, request.capDrop, attainableCapabilities());
  return {
    environmentFiles: request.envFiles.map(readEnvironmentFile),
    bounding,
    seccomp: loadSeccomp(request, bounding),
    hardLimits: attainableLimits(context.inUserNamespace),
    traits: ociRuntime(context.scope).traits,
  };
}

/** The payload's user. One that is asked for by number and has no entry in the image's databases is given one. */
function containerUser({ request, image, paths, namespace }: Start): ContainerUser {
  const wanted = request.user ?? namespace?.user ?? image.config.user;
  const mounted = mountedUserDatabase(request.mounts);
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

function readEnvironmentFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new RuntimeError("bad-request", `read environment file ${path}`, { cause });
  }
}

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { MountRequest } from "../../options/requests/run-request.ts";
import { isKernelPlace } from "../../options/values/mount/kernel-place.ts";
import { cleanPath } from "../../options/values/path.ts";
import { volumePaths } from "../../state/volume-record.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";
import { bindMount, keptFlags } from "../mount/bind-mount.ts";
import { matchingPaths } from "../mount/glob.ts";
import { kernelMount } from "../mount/kernel-mount.ts";
import { type MountContext, withIdMap } from "../mount/mount-context.ts";
import { checkMountPlaces, mountPlace } from "../mount/mount-place.ts";
import { imageMount, overlayOver } from "../mount/overlay-mount.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { type ContainerUser, ownerOf } from "../users/container-user.ts";
import { openAnonymous, openSubpath, openVolume, volumeMount } from "../volume/volume-mount.ts";

/**
 * The request's mounts with their sources on the host. A named volume is made at its first use; a volume without a name
 * lies beside the upper layer and goes with it. Overlays, images and volumes with a file system of their own are
 * mounted first, in this mount namespace, below the bundle. `imageVolumes` are the image's VOLUME paths, of which those
 * without a mount get a volume. Throws "volume" if a path of the host does not exist.
 */
export function resolveMounts(
  context: MountContext,
  requests: readonly MountRequest[],
  imageVolumes: readonly string[],
): SpecMount[] {
  const covered = new Set(requests.map((request) => request.target));
  // The kernel's file systems are there anyway, and an image's content has no business in their place.
  const implied = imageVolumes
    .map(cleanPath)
    // The image's links lead elsewhere than those of the mounted /proc: both are looked at.
    .filter((target) => ![target, mountPlace(context.paths.rootfs, target, [])].some(isKernelPlace))
    .filter((target) => !covered.has(target))
    .map((target): MountRequest => ({ type: "anonymous", target, options: [] }));
  const all = [...requests, ...implied];
  // Before a volume is made, or filled: what refuses the start must not have changed the host.
  checkMountPlaces(
    context.paths.rootfs,
    all.filter(({ type }) => type !== "glob").map((request) => asFound(context, request)),
  );
  return all.flatMap((request, index) => resolveMount(context, request, index));
}

/** The mount as far as it is known before anything is made: of what lies in others, no link is followed. */
function asFound({ scope }: MountContext, request: MountRequest): SpecMount {
  const { type, target: destination } = request;
  if (type === "bind") return { type, source: request.source, destination, options: [] };
  if (type === "volume")
    return { type: "bind", source: volumePaths(scope, request.name).data, destination, options: [] };
  return { type, source: type, destination, options: [] };
}

function resolveMount(context: MountContext, request: MountRequest, index: number): SpecMount[] {
  const place = join(context.paths.bundle, "mounts", `${index}`);
  switch (request.type) {
    case "tmpfs":
    case "ramfs":
    case "devpts":
      return [kernelMount(request.type, request.target, request.options, context.user)];
    case "bind":
      return [hostMount(context, request, place)];
    case "glob":
      return globMounts(context, request, place);
    case "image":
      return [imageMount(context, request, place)];
    case "volume": {
      const source = openSubpath(request, openVolume(context, request, place), `${place}.sub`);
      return [volumeMount(throughOptions(context, source, request.options, `${place}.over`), request)];
    }
    case "anonymous": {
      const source = openAnonymous(context, request, place, index);
      return [volumeMount(throughOptions(context, source, request.options, `${place}.over`), request)];
    }
    default:
      throw new RuntimeError("bad-request", `unknown mount ${JSON.stringify(request satisfies never)}`);
  }
}

function hostMount(context: MountContext, request: Extract<MountRequest, { type: "bind" }>, place: string): SpecMount {
  const { source, target, options } = request;
  if (!existsSync(source)) throw new RuntimeError("volume", `mount ${target}: ${source} does not exist on the host`);
  const seen = throughOptions(context, withIdMap(context, source, options, `${place}.map`), options, place);
  return bindMount(seen, target, [...(options.includes("O") ? [] : keptFlags(request)), ...options]);
}

/** The source after the options U (owned by the payload's user) and O (below an upper layer of its own). */
function throughOptions(context: MountContext, source: string, options: readonly string[], place: string): string {
  giveToUser(source, context.user, options);
  return options.includes("O") ? overlayOver(context, source, place, options) : source;
}

/** A mount for each path that matches, by its own name in the target; without a target, at its path on the host. */
function globMounts(
  context: MountContext,
  request: Extract<MountRequest, { type: "glob" }>,
  place: string,
): SpecMount[] {
  const { pattern, target, options } = request;
  const sources = matchingPaths(pattern);
  if (sources.length === 0) throw new RuntimeError("volume", `no file on the host matches ${pattern}`);
  return sources.map((source, index) => {
    const inside = target === "" ? source : join(target, basename(source));
    return hostMount(context, { type: "bind", source, target: inside, options }, `${place}-${index}`);
  });
}

/** Folders whose owners must not change, as in podman. */
const KEEP_OWNERS = new Set(
  "/ /bin /boot /dev /etc /etc/passwd /etc/pki /etc/shadow /home /lib /lib64 /media /opt /proc /root /run /sbin /srv /sys /tmp /usr /var /var/lib /var/log".split(
    " ",
  ),
);

/**
 * Option U: the payload's user becomes the owner of everything in the source, as with podman. Links are not followed.
 */
function giveToUser(source: string, user: ContainerUser, options: readonly string[]): void {
  if (!options.includes("U")) return;
  if (KEEP_OWNERS.has(resolve(source)))
    throw new RuntimeError("volume", `option U: ${source} is the system's, and keeps its owners`);
  const { uid, gid } = ownerOf(user);
  const { exitCode, stderr } = runProgram("chown", ["-R", "--no-dereference", "--", `${uid}:${gid}`, source]);
  if (exitCode !== 0) throw new RuntimeError("volume", `change the owner of ${source}: ${stderr}`);
}

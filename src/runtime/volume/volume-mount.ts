import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MountRequest } from "../../options/requests/run-request.ts";
import { deviceMount, newVolume, readVolume, type Volume, volumePaths } from "../../state/volume-record.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { RuntimeError } from "../error.ts";
import { bindMount, mountSubpath } from "../mount/bind-mount.ts";
import { idMapOption, type MountContext, withIdMap } from "../mount/mount-context.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { ownerOf } from "../users/container-user.ts";
import { createVolume } from "./create.ts";
import { type FirstUse, prepareAnonymous, prepareForUse, prepareMounted } from "./first-use.ts";
import { mountMemory } from "./memory-volume.ts";
import { mountDevice } from "./mount-device.ts";

type NamedVolume = Extract<MountRequest, { type: "volume" }>;
type AnonymousVolume = Extract<MountRequest, { type: "anonymous" }>;

/** File systems whose content goes with the mount. */
const IN_MEMORY: readonly string[] = ["tmpfs", "ramfs"];

/**
 * The folder of the host that a named volume is, ready for the container: made if need be, filled at its first use. A
 * volume with a file system of its own is mounted in this mount namespace, at `place`, unless it is mounted on the host
 * already (`berth volume mount`). Throws "no-such-volume" with the option nocreate, "volume".
 */
export function openVolume(context: MountContext, request: NamedVolume, place: string): string {
  const volume = requireVolume(context, request);
  const { data } = volumePaths(context.scope, volume.name);
  const use = firstUse(context, request);
  // Under a layer of the container's own the volume stays as it is, empty if it is.
  const prepares = !request.options.includes("O");
  const device = deviceMount(volume);
  const shifts = idMapOption(request.options) !== undefined;
  if (device === undefined && !shifts) {
    if (prepares && (volume.needsCopyUp || volume.needsOwner)) prepareForUse(context.scope, volume.name, use);
    return data;
  }
  const onHost = device === undefined || isMountPoint(data);
  const inMemory = device !== undefined && IN_MEMORY.includes(device.type);
  let isNew = true;
  if (!onHost) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    if (inMemory) isNew = mountMemory(context, volume.name, device, place);
    else {
      // A server that does not answer is waited for until the start times out.
      context.status(`Mounting ${device.device}, the volume ${volume.name}`);
      mountDevice(context.scope, volume.name, device, place);
    }
  }
  // What is put into it is to have the owners that the container sees, so it goes through the same mount.
  const source = withIdMap(context, onHost ? data : place, request.options, `${place}.map`);
  const stays = onHost || !inMemory;
  if (prepares && isNew) prepareMounted(context.scope, volume.name, source, stays, use);
  return source;
}

/** A volume without a name: it lies beside the container's upper layer and goes with it. */
export function openAnonymous(context: MountContext, request: AnonymousVolume, place: string, index: number): string {
  const data = join(context.paths.layers, "volumes", `${index}`, "_data");
  mkdirSync(data, { recursive: true, mode: 0o755 });
  const source = withIdMap(context, data, request.options, `${place}.map`);
  prepareAnonymous(source, firstUse(context, request));
  return source;
}

/**
 * The mount of a volume: a file system for data, without devices and set-uid programs unless the options say so, as
 * with podman.
 */
export function volumeMount(source: string, request: { target: string; options: readonly string[] }): SpecMount {
  if (request.options.includes("O")) return bindMount(source, request.target, request.options);
  const defaults = ["nosuid", "nodev"].filter((word) => !request.options.includes(word.slice(2)));
  return bindMount(source, request.target, [...defaults, ...request.options]);
}

/** A folder or file in a volume, mounted at `place` so that nobody can exchange it before the container has it. */
export function openSubpath(request: NamedVolume, source: string, place: string): string {
  if (request.subpath === undefined) return source;
  try {
    mountSubpath(source, request.subpath, place);
    return place;
  } catch (cause) {
    throw new RuntimeError("volume", `volume ${request.name}`, { cause });
  }
}

function requireVolume({ scope }: MountContext, request: NamedVolume): Volume {
  const { name } = request;
  const found = readVolume(scope, name);
  if (found !== undefined) return found;
  if (request.options.includes("nocreate"))
    throw new RuntimeError("no-such-volume", `no such volume: ${name} (nocreate: it has to be there)`);
  createVolume(scope, { ...newVolume(name), labels: request.labels ?? {} });
  const made = readVolume(scope, name);
  if (made !== undefined) return made;
  const dir = volumePaths(scope, name).dir;
  throw new RuntimeError("volume", `volume ${name} cannot be made${existsSync(dir) ? `: ${dir} is in the way` : ""}`);
}

function firstUse(context: MountContext, request: NamedVolume | AnonymousVolume): FirstUse {
  const { uid, gid } = ownerOf(context.user);
  return { rootfs: context.paths.rootfs, target: request.target, owner: { uid, gid }, options: request.options };
}

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MountRequest } from "../../options/requests/run-request.ts";
import { idleMaker } from "../../state/idle-maker.ts";
import { newVolume, readVolume, type Volume, volumePaths } from "../../state/volume-record.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { RuntimeError } from "../error.ts";
import { bindMount, mountSubpath } from "../mount/bind-mount.ts";
import { idMapOption, type MountContext, withIdMap } from "../mount/mount-context.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";
import { ownerOf } from "../users/container-user.ts";
import { createVolume } from "./create.ts";
import { type FirstUse, type MountedVolume, prepareAnonymous, prepareForUse, prepareMounted } from "./first-use.ts";
import { mountMemory } from "./memory-volume.ts";
import { type DeviceMount, deviceMount, mountDevice } from "./mount-device.ts";

type NamedVolume = Extract<MountRequest, { type: "volume" }>;
type AnonymousVolume = Extract<MountRequest, { type: "anonymous" }>;

/** File systems whose content is lost with the mount. */
const IN_MEMORY: readonly string[] = ["tmpfs", "ramfs"];

/**
 * The folder of the host for a named volume, ready for the container: created if need be, filled at its first use. A
 * volume with a file system of its own is mounted in this mount namespace, at `place`, unless it is mounted on the host
 * already (`berth volume mount`). Throws "no-such-volume" with the option nocreate, "volume".
 */
export function openVolume(context: MountContext, request: NamedVolume, place: string): string {
  const { scope } = context;
  const volume = requireVolume(context, request);
  const { data } = volumePaths(scope, volume.name);
  const use = firstUse(context, request);
  // The option O, an overlay of the container's own, leaves the volume as it is, empty if it is.
  const prepares = !request.options.includes("O");
  const device = deviceMount(volume);
  const shifts = idMapOption(request.options) !== undefined;
  if (device === undefined && !shifts) {
    if (prepares && (volume.needsCopyUp || volume.needsOwner)) prepareForUse(scope, volume.name, use);
    return data;
  }
  const mounted =
    device === undefined || isMountPoint(data)
      ? { path: data, isNew: true, stays: true }
      : mountForContainer(context, volume.name, device, place);
  // Files that are copied into it must get the owners that the container sees, so the copy goes through the same mount.
  const source = withIdMap(context, mounted.path, request.options, `${place}.map`);
  if (prepares && mounted.isNew) prepareMounted(scope, volume.name, { ...mounted, path: source }, use);
  return source;
}

/** A mounted volume; `isNew` is false for a file system in memory that other containers have mounted. */
type OpenedVolume = MountedVolume & { readonly isNew: boolean };

function mountForContainer(context: MountContext, volume: string, device: DeviceMount, place: string): OpenedVolume {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (IN_MEMORY.includes(device.type))
    return { path: place, isNew: mountMemory(context, volume, device, place), stays: false };
  // mount(8) waits for a server that does not answer, until the start times out.
  context.status(`Mounting ${device.device}, the volume ${volume}`);
  mountDevice(context.scope, volume, device, place);
  return { path: place, isNew: true, stays: true };
}

/** A volume without a name: a folder beside the container's upper layer, with which it is removed. */
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

/** A folder or file in a volume, mounted at `place`: no process can exchange it before the container has it. */
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
  const maker = idleMaker(scope, "volume", name);
  // A plain one in its place would take the data that belong on a device, or in a file server.
  if (maker?.hasOptions) throw new RuntimeError("no-such-volume", `no such volume: ${name}; ${maker.remedy}`);
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

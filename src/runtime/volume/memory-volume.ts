import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { type ContainerRecord, surveyRecords } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { openLockFolder, withLock } from "../../state/lock.ts";
import { volumePaths } from "../../state/volume-record.ts";
import { SystemError } from "../../system/error.ts";
import { attachFrom } from "../../system/mount-tree.ts";
import { isAlive } from "../../system/process-identity.ts";
import type { MountContext } from "../mount/mount-context.ts";
import { type DeviceMount, mountDevice } from "./mount-device.ts";

/** What is asked of a start: the scope, and which container it is. */
type MemoryContext = Pick<MountContext, "scope" | "paths">;

/**
 * Mounts a volume in memory at the empty folder `place`. While a container has it mounted, the next one gets the same
 * file system, from the first one's mount namespace. Returns true for a new file system, also where that mount
 * namespace cannot be entered, as those of a user's containers, which have user namespaces of their own. Throws
 * "volume".
 */
export function mountMemory(context: MemoryContext, volume: string, device: DeviceMount, place: string): boolean {
  // The name by which attachFromProcess() finds it in a list of mounts.
  const source = `volume:${volume}`;
  return withLock("volume", openLockFolder(volumePaths(context.scope, volume).dir), "exclusive", () => {
    if (attachExisting(context, volume, source, place)) return false;
    mountDevice(context.scope, volume, { ...device, device: source }, place);
    return true;
  });
}

function attachExisting({ scope, paths }: MemoryContext, volume: string, source: string, place: string): boolean {
  const own = basename(paths.bundle);
  // A container of a newer berth keeps what it has: what it mounted is only known to that berth.
  const others = surveyRecords(scope).records.filter(({ id, volumes }) => id !== own && volumes?.includes(volume));
  return others.some((record) =>
    holders(record, payloadPid(scope, record)).some((pid) => attachFromProcess(pid, source, place)),
  );
}

/**
 * The processes that may have the volume mounted: the payload, and the launcher while it runs, which mounts it first.
 */
function holders({ launcher }: ContainerRecord, payload: number | undefined): number[] {
  return [...(payload === undefined ? [] : [payload]), ...(isAlive(launcher) ? [launcher.pid] : [])];
}

/** False if that process does not have it, or has ended meanwhile. */
function attachFromProcess(pid: number, source: string, place: string): boolean {
  let namespace: number;
  let at: string | undefined;
  try {
    at = mountPointOf(readFileSync(`/proc/${pid}/mountinfo`, "utf8"), source);
    if (at === undefined) return false;
    namespace = openSync(`/proc/${pid}/ns/mnt`, constants.O_RDONLY);
  } catch {
    return false;
  }
  try {
    attachFrom(namespace, at, place);
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.code === "syscall") return false;
    throw error;
  } finally {
    closeSync(namespace);
  }
}

/**
 * The mount point, in a list of mounts (proc_pid_mountinfo(5)), of the root of a tmpfs or ramfs of that source. Paths
 * that need unescaping are skipped.
 */
export function mountPointOf(mountinfo: string, source: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [mount = "", system = ""] = line.split(" - ");
    const [type, from] = system.split(" ");
    const [, , , root, point] = mount.split(" ");
    if ((type === "tmpfs" || type === "ramfs") && from === source && root === "/" && !point?.includes("\\"))
      return point;
  }
  return undefined;
}

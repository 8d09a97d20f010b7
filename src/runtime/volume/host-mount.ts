import type { Scope } from "../../scope.ts";
import { findVolume, volumePaths } from "../../state/volume-record.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";
import { deviceMount, mountDevice } from "./mount-device.ts";

/**
 * Mounts a volume's own file system on the host, for containers that start from now on; other volumes need no mount.
 * Returns the folder with the content. Throws "no-such-volume", "volume".
 */
export function mountOnHost(scope: Scope, text: string): string {
  const volume = findVolume(scope, text);
  const { data } = volumePaths(scope, volume.name);
  const device = deviceMount(volume);
  if (device === undefined || isMountPoint(data)) return data;
  if (scope.kind === "user") {
    throw new RuntimeError(
      "volume",
      `mount volume ${volume.name}: only root can mount on the host; containers mount it for themselves`,
    );
  }
  mountDevice(scope, volume.name, device, data);
  return data;
}

/** Unmounts a volume from the host, if it is mounted. Throws "volume" with umount(8)'s message, if it is busy. */
export function unmountFromHost(scope: Scope, text: string): void {
  const { name } = findVolume(scope, text);
  const { data } = volumePaths(scope, name);
  if (!isMountPoint(data)) return;
  const { exitCode, stderr } = runProgram("umount", ["-n", "--", data]);
  if (exitCode !== 0) throw new RuntimeError("volume", `unmount volume ${name}: ${stderr}`);
}

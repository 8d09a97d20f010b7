import type { Scope } from "../../scope.ts";
import { deviceMount, findVolume, volumePaths } from "../../state/volume-record.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";
import { mountDevice } from "./mount-device.ts";

/**
 * Mounts a volume's own file system on the host, where containers that start from now on find it; of any other volume
 * there is nothing to mount. Returns where the content is. Throws "no-such-volume", "volume".
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

/**
 * Takes that mount away again; nothing happens where there is none. Throws "volume" with what umount(8) says, if it is
 * busy.
 */
export function unmountFromHost(scope: Scope, text: string): void {
  const { name } = findVolume(scope, text);
  const { data } = volumePaths(scope, name);
  if (!isMountPoint(data)) return;
  const { exitCode, stderr } = runProgram("umount", ["-n", "--", data]);
  if (exitCode !== 0) throw new RuntimeError("volume", `unmount volume ${name}: ${stderr}`);
}

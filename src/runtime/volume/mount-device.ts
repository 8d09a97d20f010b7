import { existsSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import type { DeviceMount } from "../../state/volume-record.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";

const USERS_HINT = "a user's containers can mount tmpfs, and folders by Type=bind; root can mount the rest on the host";

/**
 * Mounts a volume's own file system at the folder `target`, with mount(8), which finds the helpers of file systems that
 * need one (NFS, CIFS). With `-n` it records nothing under /run, which would outlive the mount namespace. Throws
 * "volume" with mount(8)'s message.
 */
export function mountDevice(scope: Scope, volume: string, mount: DeviceMount, target: string): void {
  const { type, device, options } = mount;
  if (isBind(options) && !existsSync(device))
    throw new RuntimeError("volume", `volume ${volume}: ${device} does not exist on the host`);
  const words = options.length === 0 ? [] : ["-o", options.join(",")];
  const kind = type === "" || type === "none" ? [] : ["-t", type];
  const { exitCode, stderr } = runProgram("mount", ["-n", ...kind, ...words, "--", device, target]);
  if (exitCode === 0) return;
  const [first = ""] = stderr.split("\n");
  // The kernel lets a user namespace mount few file systems, and reports "permission denied" for all others.
  const hint = scope.kind === "user" && !isBind(options) ? ` (${USERS_HINT})` : "";
  throw new RuntimeError("volume", `mount volume ${volume}: ${first}${hint}`);
}

function isBind(options: readonly string[]): boolean {
  return options.includes("bind") || options.includes("rbind");
}

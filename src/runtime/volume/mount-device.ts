import { existsSync } from "node:fs";
import type { Scope } from "../../scope.ts";
import type { Volume } from "../../state/volume-record.ts";
import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";

const USERS_HINT = "a user's containers can mount tmpfs, and folders by Type=bind; root can mount the rest on the host";

/** The mount of a volume that is a file system of its own. */
export interface DeviceMount {
  readonly type: string;
  readonly device: string;
  /** Words for mount(8)'s -o. */
  readonly options: readonly string[];
}

/**
 * The mount that `type`, `device` and `o` of a local volume ask for, without the words that are not the file system's;
 * undefined for a volume that is a plain folder.
 */
export function deviceMount({ driver, options }: Volume): DeviceMount | undefined {
  const { type = "", device = "", o = "" } = options;
  if (driver !== "local" || (type === "" && device === "")) return undefined;
  const words = o.split(",").filter((word) => word !== "" && word !== "noquota");
  // podman's word for a bind mount is the type; mount(8) wants an option.
  if (type !== "bind" && type !== "none" && !isBind(words))
    return { type, device: device === "" ? type : device, options: words };
  const own = words.filter((word) => !/^(r?bind|uid=.*|gid=.*|size=.*|inodes=.*)$/.test(word));
  return { type: "none", device, options: [words.includes("bind") ? "bind" : "rbind", ...own] };
}

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

/** Whether the words of a volume's mount options ask for a bind mount. */
export function isBind(options: readonly string[]): boolean {
  return options.includes("bind") || options.includes("rbind");
}

import { type Problem, quoted } from "../check.ts";
import { cleanPath } from "../path.ts";

/** File systems of the kernel, mounted by the OCI runtime in every container. */
export const KERNEL_PLACES: readonly string[] = ["/dev", "/proc", "/sys"];

/** Devices that the OCI runtime makes or mounts in /dev; /dev/null also covers each masked file. */
const RUNTIME_DEVICES: readonly string[] = [
  "null",
  "zero",
  "full",
  "random",
  "urandom",
  "tty",
  "console",
  "ptmx",
  "pts",
];

/** Places that the OCI runtime trusts: only what the host itself has there may be mounted on them. */
const RESERVED = new Set([...KERNEL_PLACES, ...RUNTIME_DEVICES.map((name) => `/dev/${name}`)]);

/** Whether a path inside, in its normal form, is the place of a file system of the kernel, or below one. */
export function isKernelPlace(path: string): boolean {
  return KERNEL_PLACES.some((place) => path === place || path.startsWith(`${place}/`));
}

export function isReservedPlace(path: string): boolean {
  return RESERVED.has(path);
}

/** The files below /proc on which runc lets something be mounted, for lxcfs(7): `checkProcMount()`. */
const EMULATED: readonly string[] = [
  "cpuinfo",
  "diskstats",
  "loadavg",
  "meminfo",
  "net/dev",
  "slabinfo",
  "stat",
  "swaps",
  "sys/kernel/ns_last_pid",
  "uptime",
];

/**
 * The problem of a mount at a place where no start can make it: the root itself, what is below /proc, and what the OCI
 * runtime trusts, unless the host's own is mounted there. `hostPath` is the path of a bind mount's source. Where links
 * lead is known at start only, when `checkMountPlaces` looks.
 */
export function kernelPlaceProblem(type: string, target: string, hostPath?: string): Problem | undefined {
  if (target === "/") return { code: "kernel-place", message: `a mount on "/" would hide the whole image` };
  if (target.startsWith("/proc/") && !EMULATED.includes(target.slice("/proc/".length)))
    return { code: "kernel-place", message: `nothing can be mounted inside /proc, as on ${quoted(target)}` };
  if (!isReservedPlace(target) || (type === "devpts" && target === "/dev/pts")) return undefined;
  if (hostPath !== undefined && mayBeHostsOwn(hostPath, target)) return undefined;
  return { code: "kernel-place", message: `nothing but the host's own can be mounted on ${quoted(target)}` };
}

/** Whether a path of the host may be the host's own /proc, or a device for another one. */
function mayBeHostsOwn(hostPath: string, target: string): boolean {
  const path = cleanPath(hostPath);
  if (!hostPath.startsWith("/") || path === target) return true;
  return target !== "/dev/null" && target.startsWith("/dev/") && path.startsWith("/dev/");
}

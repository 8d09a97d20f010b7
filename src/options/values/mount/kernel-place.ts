import { type Problem, quoted } from "../check.ts";

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

/**
 * The problem of a mount, other than of the host's files, on a place that the OCI runtime trusts. Where its links lead
 * and what the host has is known at start only, when `checkMountPlaces` looks.
 */
export function kernelPlaceProblem(type: string, target: string): Problem | undefined {
  if (!isReservedPlace(target) || (type === "devpts" && target === "/dev/pts")) return undefined;
  return { code: "kernel-place", message: `nothing but the host's own can be mounted on ${quoted(target)}` };
}

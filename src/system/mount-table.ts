import { existsSync, readFileSync, realpathSync } from "node:fs";
import { SystemError } from "./error.ts";
import { detachMount } from "./mount.ts";

/**
 * Mount points at or below `path` in this mount namespace, in mount order; proc_pid_mountinfo(5).
 */
export function mountsBelow(path: string): string[] {
  // The kernel lists resolved paths.
  const real = existsSync(path) ? realpathSync(path) : path;
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => decodeEscapes(line.split(" ", 5)[4] ?? ""))
    .filter((point) => point === real || point.startsWith(`${real}/`));
}

/** Whether the path itself is a mount point. */
export function isMountPoint(path: string): boolean {
  return mountsBelow(path).includes(existsSync(path) ? realpathSync(path) : path);
}

/** Decodes the octal escapes of blanks, line breaks, `\` and `#`. */
function decodeEscapes(field: string): string {
  return field.includes("\\")
    ? field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : field;
}

/**
 * Unmounts everything at or below `path`, so that removing the folder removes nothing from mounted file systems. Throws
 * "still-mounted" if a mount remains.
 */
export function detachBelow(path: string): void {
  // Stacked mounts are one entry each; the uppermost has to go first.
  for (const point of mountsBelow(path).reverse()) detachMount(point);
  const [left] = mountsBelow(path);
  if (left !== undefined) throw new SystemError("still-mounted", `${left} is still mounted`);
}

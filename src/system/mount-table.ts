import { existsSync, readFileSync, realpathSync } from "node:fs";
import { SystemError } from "./error.ts";
import { detachMount } from "./mount.ts";

/**
 * Mount points at or below `path` in this mount namespace, in the order in which they were mounted;
 * proc_pid_mountinfo(5).
 */
export function mountsBelow(path: string): string[] {
  // The kernel's list has no symbolic links in it.
  const real = existsSync(path) ? realpathSync(path) : path;
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => decodeEscapes(line.split(" ", 5)[4] ?? ""))
    .filter((point) => point === real || point.startsWith(`${real}/`));
}

/** Whether something is mounted on the folder itself. */
export function isMountPoint(path: string): boolean {
  return mountsBelow(path).includes(existsSync(path) ? realpathSync(path) : path);
}

/** Octal escapes of blanks, line breaks, `\` and `#`. */
function decodeEscapes(field: string): string {
  return field.includes("\\")
    ? field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : field;
}

/**
 * Unmounts everything at or below `path`, so that removing the folder removes nothing of what was mounted there. Throws
 * "still-mounted" if something stays.
 */
export function detachBelow(path: string): void {
  // Several may lie on one another: each is one entry, the last one first.
  for (const point of mountsBelow(path).reverse()) detachMount(point);
  const [left] = mountsBelow(path);
  if (left !== undefined) throw new SystemError("still-mounted", `${left} is still mounted`);
}

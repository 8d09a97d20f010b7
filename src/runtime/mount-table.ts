import { readFileSync } from "node:fs";
import { detachMount } from "./native.ts";

/** Mount points at or below `path` in this mount namespace, in the order in which they were mounted; proc_pid_mountinfo(5). */
export function mountsBelow(path: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => unescape(line.split(" ", 5)[4] ?? ""))
    .filter((point) => point === path || point.startsWith(`${path}/`));
}

/** Octal escapes of blanks, line breaks, `\` and `#`. */
function unescape(field: string): string {
  return field.includes("\\")
    ? field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
    : field;
}

/**
 * Unmounts everything at or below `path`, so that removing the folder removes nothing of what was mounted there. Throws
 * RuntimeError "syscall" if something stays.
 */
export function detachBelow(path: string): void {
  // Several may lie on one another: as many rounds as there are mounts, the last one first.
  for (const point of mountsBelow(path).reverse()) detachMount(point);
}

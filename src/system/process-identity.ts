import { readFileSync } from "node:fs";

/** A process, distinguished from later ones with the same PID. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started (proc(5), /proc/PID/stat field 22). */
  readonly startTime: string;
}

/** The identity of a running process; undefined if no process has that PID. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(pid, "stat");
  // The command's name may contain blanks and parentheses, so fields are counted from the last parenthesis.
  const startTime = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTime === process.startTime;
}

/** A file of /proc/PID, or undefined once the process is gone. */
export function readProc(pid: number, file: "stat" | "cgroup"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

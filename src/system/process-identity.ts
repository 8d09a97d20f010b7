import { readFileSync } from "node:fs";

/** A process, distinguished from later ones with the same PID. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started (proc(5), /proc/PID/stat field 22). */
  readonly startTime: string;
}

/** The identity of a running process; undefined if no process has that PID. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = statFields(pid)[19];
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether the process still runs. One that has ended and that nobody has waited for yet (a zombie) does not. */
export function isAlive(process: ProcessIdentity): boolean {
  const fields = statFields(process.pid);
  return fields[19] === process.startTime && !hasEnded(fields);
}

/** Whether no thread of a process runs: there is none of that PID, or it is a zombie. */
export function isGone(pid: number): boolean {
  const fields = statFields(pid);
  return fields.length === 0 || hasEnded(fields);
}

/** A first thread that has ended is a zombie as well, for as long as others run: field 20 of proc(5). */
function hasEnded([state = "", ...fields]: readonly string[]): boolean {
  return /^[ZX]$/.test(state) && Number(fields[16]) <= 1;
}

/** The fields of /proc/PID/stat from the third, the state, on; none if no process has that PID. */
function statFields(pid: number): readonly string[] {
  const stat = readProc(pid, "stat");
  // The command's name may contain blanks and parentheses, so fields are counted from the last parenthesis.
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** A file of /proc/PID, or undefined once the process is gone. */
export function readProc(pid: number, file: "stat" | "cgroup"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

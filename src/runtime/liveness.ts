import { readFileSync } from "node:fs";
import type { Scope } from "../scope.ts";
import { containerPaths } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";

/** A process for good: its PID alone may come to mean another one. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started (proc(5), /proc/PID/stat field 22). */
  readonly startTime: string;
}

/** The identity of a running process, or undefined if there is none of that number. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(pid, "stat");
  // The command's name may hold blanks and parentheses; the fields are counted from the last one.
  const startTime = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTime === process.startTime;
}

/** PID of the container's first process, or undefined when it has not started or is gone. */
export function payloadPid(scope: Scope, record: ContainerRecord): number | undefined {
  let text: string;
  try {
    text = readFileSync(containerPaths(scope, record.id).pidFile, "utf8");
  } catch {
    return undefined;
  }
  const pid = Number(text);
  const cgroup = Number.isInteger(pid) && pid > 0 ? readProc(pid, "cgroup") : undefined;
  return cgroup?.split("\n").some((line) => line.endsWith(record.cgroup)) ? pid : undefined;
}

/** Whether anything of a container is running: its payload, or the process that is about to start it. */
export function isContainerAlive(scope: Scope, record: ContainerRecord): boolean {
  return isAlive(record.launcher) || payloadPid(scope, record) !== undefined;
}

function readProc(pid: number, file: "stat" | "cgroup"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

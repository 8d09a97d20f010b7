import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CGROUPS = "/sys/fs/cgroup";

/**
 * The PID on the host of a process below the cgroup of process `first`, which is the container's first one. `named` is
 * its PID as the container sees it (NSpid: of proc(5)) or, if it has none of that PID, as the host does. Undefined for
 * any other process.
 */
export function processOfContainer(first: number, named: number): number | undefined {
  const cgroup = cgroupOf(first);
  if (cgroup === undefined) return undefined;
  const pids = processesBelow(join(CGROUPS, cgroup));
  return pids.find((pid) => innermostPid(pid) === named) ?? pids.find((pid) => pid === named);
}

/** Whether a process is in the cgroup of process `first`, which is the container's first one, or below. */
export function isOfContainer(first: number, pid: number): boolean {
  const [cgroup, own] = [cgroupOf(first), cgroupOf(pid)];
  return cgroup !== undefined && own !== undefined && `${own}/`.startsWith(`${cgroup}/`);
}

/** Undefined for a process that is gone, or in the root. */
function cgroupOf(pid: number): string | undefined {
  return /^0::(\/.+)$/m.exec(read(`/proc/${pid}/cgroup`))?.[1];
}

function processesBelow(directory: string): number[] {
  const pids: number[] = [];
  const waiting = [directory];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const line of read(join(at, "cgroup.procs")).split("\n")) if (line !== "") pids.push(Number(line));
    for (const entry of entriesOf(at)) if (entry.isDirectory()) waiting.push(join(at, entry.name));
  }
  return pids;
}

function innermostPid(pid: number): number {
  return Number(/^NSpid:.*?(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1]);
}

/** Empty for a process or cgroup that is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

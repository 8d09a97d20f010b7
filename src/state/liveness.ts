import { existsSync, readFileSync } from "node:fs";
import type { Scope } from "../scope.ts";
import { isAlive, isGone, readProc } from "../system/process-identity.ts";
import type { ContainerRecord } from "./container-record.ts";
import type { ContainerFacts } from "./container-state.ts";
import { StateError } from "./error.ts";
import { containerPaths } from "./paths.ts";

/** PID of the container's first process; undefined before its start and after its end. */
export function payloadPid(scope: Scope, record: ContainerRecord): number | undefined {
  let text: string;
  try {
    text = readFileSync(containerPaths(scope, record.id).pidFile, "utf8");
  } catch {
    return undefined;
  }
  const pid = Number(text);
  const cgroup = Number.isInteger(pid) && pid > 0 ? readProc(pid, "cgroup") : undefined;
  return cgroup?.split("\n").some((line) => line.endsWith(record.cgroup)) && !isGone(pid) ? pid : undefined;
}

/** The same for a container that must be running. Throws "no-such-container". */
export function runningPayloadPid(scope: Scope, record: ContainerRecord): number {
  const pid = payloadPid(scope, record);
  if (pid === undefined) throw new StateError("no-such-container", `container ${record.name} is not running`);
  return pid;
}

/** Whether a process of the container is alive: its payload, or its launcher. */
export function isContainerAlive(scope: Scope, record: ContainerRecord): boolean {
  return isAlive(record.launcher) || payloadPid(scope, record) !== undefined;
}

/** The container as the kernel sees it now. */
export function containerFacts(scope: Scope, record: ContainerRecord): ContainerFacts {
  const pid = payloadPid(scope, record);
  return {
    pid,
    started: existsSync(containerPaths(scope, record.id).pidFile),
    frozen: pid !== undefined && isFrozen(pid),
    launching: isAlive(record.launcher),
  };
}

/** Whether a process's cgroup, or one above, is frozen (cgroups(7), cgroup.events). */
function isFrozen(pid: number): boolean {
  const [, path] = /^0::(.+)$/m.exec(readProc(pid, "cgroup") ?? "") ?? [];
  try {
    return path !== undefined && /^frozen 1$/m.test(readFileSync(`/sys/fs/cgroup${path}/cgroup.events`, "utf8"));
  } catch {
    // Gone in the meantime, with its processes.
    return false;
  }
}

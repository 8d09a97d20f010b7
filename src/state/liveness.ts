import { existsSync, readFileSync } from "node:fs";
import type { Scope } from "../scope.ts";
import { isAlive, isGone, readProc } from "../system/process-identity.ts";
import { readRegular } from "../system/read-bounded.ts";
import { type ContainerRecord, readSoundRecord } from "./container-record.ts";
import type { ContainerFacts } from "./container-state.ts";
import { StateError } from "./error.ts";
import { containerPaths } from "./paths.ts";
import { isNewer } from "./record-format.ts";
import { runningUnitOf } from "./running-unit.ts";

/** More than any PID takes: bytes. */
const PID_MAX = 64;

/** PID of the container's first process; undefined before its start and after its end. */
export function payloadPid(scope: Scope, record: ContainerRecord): number | undefined {
  let text: string;
  try {
    text = readRegular(containerPaths(scope, record.id).pidFile, PID_MAX).toString();
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

/**
 * Whether nothing of a container runs any more, so that it may be cleaned up. Where its record is lost or damaged,
 * systemd says. Never so for one that a newer berth has started: only that knows. Throws "corrupt-record" for a
 * container that runs, with what to do about its record.
 */
export function isOver(scope: Scope, id: string): boolean {
  const unit = () => runningUnitOf(scope, id);
  try {
    const record = readSoundRecord(scope, id);
    return record === undefined ? unit() === undefined : !isContainerAlive(scope, record);
  } catch (error) {
    if (isNewer(error)) return false;
    const running = unit();
    if (running === undefined) return true;
    const message = `container ${id} runs, and its record cannot be read: restart ${running}`;
    throw new StateError("corrupt-record", message, { cause: error });
  }
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

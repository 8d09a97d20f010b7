import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scope } from "../scope.ts";
import { payloadPid } from "./liveness.ts";
import { type ContainerRecord, readRecord } from "./record.ts";

/** How often to look whether the payload is gone: milliseconds. */
const POLL_MS = 10;
/** How long before the unit's own time-out a payload that does not stop is killed: milliseconds. */
const LEAD_MS = 500;

/**
 * ExecStop= of a unit that leaves the stop signal to its image: sends it, and waits for the payload to end. For SIGTERM
 * nothing is done at all: that is what systemd sends next anyway. `unitTimeout` tells the unit's TimeoutStopSec= in
 * milliseconds; shortly before it runs out the payload is killed, as systemd would now only begin with SIGTERM and wait as
 * long again.
 */
export async function stopPayload(scope: Scope, id: string, unitTimeout: () => Promise<number>): Promise<void> {
  const record = readRecord(scope, id);
  if (record === undefined || record.stopSignal === "TERM") return;
  const timeout = await unitTimeout();
  await terminatePayload(scope, record, timeout - Math.min(LEAD_MS, timeout / 4));
}

/** Sends a container's stop signal to its payload and waits for it to end; SIGKILL after `timeout` milliseconds. */
export async function terminatePayload(scope: Scope, record: ContainerRecord, timeout: number): Promise<void> {
  const pid = payloadPid(scope, record);
  if (pid === undefined) return;
  kill(pid, record.stopSignal);
  const deadline = performance.now() + timeout;
  while (payloadPid(scope, record) === pid) {
    if (performance.now() > deadline) return kill(pid, "KILL");
    await sleep(POLL_MS);
  }
}

/** `signal` is a name without SIG, a number, or RTMIN+n. */
function kill(pid: number, signal: string): void {
  try {
    process.kill(pid, signalNumber(signal));
  } catch (error) {
    // Gone in the meantime: what was wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** glibc keeps the first two real-time signals to itself. */
const SIGRTMIN = 34;

export function signalNumber(signal: string): number {
  const known: Readonly<Record<string, number>> = constants.signals;
  const realtime = /^RTMIN(?:\+(\d+))?$/.exec(signal);
  if (realtime !== null) return SIGRTMIN + Number(realtime[1] ?? 0);
  return /^\d+$/.test(signal) ? Number(signal) : (known[`SIG${signal}`] ?? constants.signals.SIGTERM);
}

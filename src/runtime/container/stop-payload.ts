import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { signalNumber } from "../../options/values/signal.ts";
import type { Scope } from "../../scope.ts";
import { type ContainerRecord, readRecord } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { errnoName } from "../../system/error.ts";

/** How often to look whether the payload is gone: milliseconds. */
const POLL_MS = 10;
/** How long before the unit's own time-out to kill a payload that does not stop: milliseconds. */
const LEAD_MS = 500;

/**
 * ExecStop= of a unit that leaves the stop signal to its image: sends the signal, and waits for the payload to end. For
 * SIGTERM it does nothing, since systemd sends that next anyway. `unitTimeout` gives the unit's TimeoutStopSec= in
 * milliseconds. Shortly before that has passed the payload is killed, as systemd would only begin with SIGTERM then and
 * wait as long again. The time-out is requested after the signal, and not waited for: at shutdown no answer may come.
 */
export async function stopPayload(scope: Scope, id: string, unitTimeout: () => Promise<number>): Promise<void> {
  const record = readRecord(scope, id);
  if (record === undefined || record.stopSignal === "TERM") return;
  await terminatePayload(scope, record, async () => {
    const timeout = await unitTimeout();
    return timeout - Math.min(LEAD_MS, timeout / 4);
  });
}

/**
 * Sends a container's stop signal to its payload and waits for it to end; sends SIGKILL after `timeout` milliseconds.
 * If the time-out cannot be found out, the payload may take any time.
 */
export async function terminatePayload(
  scope: Scope,
  record: ContainerRecord,
  timeout: () => Promise<number>,
): Promise<void> {
  const pid = payloadPid(scope, record);
  if (pid === undefined) return;
  kill(pid, record.stopSignal);
  const sent = performance.now();
  let deadline = Number.POSITIVE_INFINITY;
  timeout().then(
    (milliseconds) => {
      deadline = sent + milliseconds;
    },
    () => undefined,
  );
  while (payloadPid(scope, record) === pid) {
    if (performance.now() > deadline) return kill(pid, "KILL");
    await sleep(POLL_MS);
  }
}

/** `signal` in a form that signalNumber() takes; of an image, it may be none, and is then SIGTERM. */
function kill(pid: number, signal: string): void {
  try {
    process.kill(pid, signalNumber(signal) ?? constants.signals.SIGTERM);
  } catch (error) {
    // It has ended in the meantime, as it should.
    if (errnoName(error) !== "ESRCH") throw error;
  }
}

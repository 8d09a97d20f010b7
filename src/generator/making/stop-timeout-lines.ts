import { timeoutStop } from "../../options/values/stop-timeout.ts";
import type { Directive } from "../../unit/unit-draft.ts";

/**
 * The lines of `[Service]` for a stop time-out in seconds; -1 for any time. With 0 the payload is killed at once:
 * systemd applies TimeoutStopSec= to cleanup as well, which needs its time.
 */
export function stopTimeoutLines(seconds: number): Directive[] {
  if (seconds !== 0) return [["TimeoutStopSec", timeoutStop(seconds)]];
  return [
    ["KillSignal", "SIGKILL"],
    ["TimeoutStopSec", "10"],
  ];
}

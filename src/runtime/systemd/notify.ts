import { sendBarrier, sendDatagram } from "../../system/datagram.ts";

/** How long to wait until systemd has processed a notification: milliseconds. */
const BARRIER_MS = 5000;

/** Waits until systemd has processed the notifications before this one, sd_notify_barrier(3). */
export function waitForBarrier(socket: string): void {
  sendBarrier(socket, "BARRIER=1", BARRIER_MS);
}

/** By how much progress extends the start time-out: microseconds. */
const EXTENSION_USEC = 30_000_000;

/** How long cleanup may take, however short the payload's stop time-out is: microseconds. */
const CLEANUP_USEC = 120_000_000;

/** Notifies systemd about this unit's state, sd_notify(3). Without a socket (in a shell) it sends nothing. */
export interface Notifier {
  /**
   * `pid` is the unit's main process from now on, and if `ready` the unit has started. Returns once systemd has
   * processed that (sd_notify_barrier(3)).
   */
  payload(pid: number, ready: boolean): void;
  /** The unit has started. */
  ready(): void;
  /** A line for `systemctl status`. */
  status(text: string): void;
  /** Progress was made: give the start another while (EXTEND_TIMEOUT_USEC=). */
  extendStart(text: string): void;
  /**
   * Gives cleanup a time-out of its own. TimeoutStopSec= is meant for the payload, and limits the commands after its
   * end as well; on a busy machine, where a hundred containers stop at once, cleanup may take longer.
   */
  extendCleanup(): void;
}

export function createNotifier(socket: string | undefined): Notifier {
  const send = (lines: readonly string[]) => {
    if (socket !== undefined && socket !== "") sendDatagram(socket, lines.join("\n"));
  };
  return {
    payload: (pid, ready) => {
      // The status of the launcher's work is out of date, also if the payload notifies systemd from now on.
      send([`MAINPID=${pid}`, "STATUS=", ...(ready ? ["READY=1"] : [])]);
      if (socket !== undefined && socket !== "") waitForBarrier(socket);
    },
    ready: () => send(["READY=1", "STATUS="]),
    status: (text) => send([`STATUS=${oneLine(text)}`]),
    extendStart: (text) => send([`EXTEND_TIMEOUT_USEC=${EXTENSION_USEC}`, `STATUS=${oneLine(text)}`]),
    extendCleanup: () => send([`EXTEND_TIMEOUT_USEC=${CLEANUP_USEC}`]),
  };
}

/** A newline would begin another assignment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\n\r]+/g, " ");
}

import { sendBarrier, sendDatagram } from "../../system/datagram.ts";

/** How long to wait for systemd to take note of something: milliseconds. */
const BARRIER_MS = 5000;

/** How often at most the start time-out is extended while an image arrives, and by how much: microseconds. */
const EXTENSION_USEC = 30_000_000;

/** How long cleaning up may take, however short the time that the payload was given: microseconds. */
const CLEANUP_USEC = 120_000_000;

/** Tells systemd about this unit's state: lines of sd_notify(3). Without a socket (a shell) nothing is sent. */
export interface Notifier {
  /**
   * `pid` is the unit's main process from now on; with it the unit has started if `ready`. Returns when systemd has
   * taken note of that (sd_notify_barrier(3)).
   */
  payload(pid: number, ready: boolean): void;
  /** The unit has started. */
  ready(): void;
  /** A line for `systemctl status`. */
  status(text: string): void;
  /** Progress was made: give the start another while (EXTEND_TIMEOUT_USEC=). */
  extendStart(text: string): void;
  /**
   * What runs after the payload's end has TimeoutStopSec= too, which is the payload's: on a busy machine, where a
   * hundred stop at once, cleaning up has to be given its own.
   */
  extendCleanup(): void;
}

export function createNotifier(socket: string | undefined): Notifier {
  const send = (lines: readonly string[]) => {
    if (socket !== undefined && socket !== "") sendDatagram(socket, lines.join("\n"));
  };
  return {
    payload: (pid, ready) => {
      // What took its time before is over, whoever speaks for the unit from now on.
      send([`MAINPID=${pid}`, "STATUS=", ...(ready ? ["READY=1"] : [])]);
      if (socket !== undefined && socket !== "") sendBarrier(socket, "BARRIER=1", BARRIER_MS);
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

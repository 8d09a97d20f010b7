import { sendDatagram } from "./native.ts";

/** How often at most the start time-out is extended while an image arrives, and by how much: microseconds. */
const EXTENSION_USEC = 30_000_000;

/** Tells systemd about this unit's state: lines of sd_notify(3). Without a socket (a shell) nothing is sent. */
export interface Notifier {
  /** The payload runs as `pid`; `ready` unless it announces itself. */
  started(pid: number, ready: boolean): void;
  /** A line for `systemctl status`. */
  status(text: string): void;
  /** Progress was made: give the start another while (EXTEND_TIMEOUT_USEC=). */
  extendStart(text: string): void;
}

export function createNotifier(socket: string | undefined): Notifier {
  const send = (lines: readonly string[]) => {
    if (socket !== undefined && socket !== "") sendDatagram(socket, lines.join("\n"));
  };
  return {
    started: (pid, ready) => send([`MAINPID=${pid}`, ...(ready ? ["READY=1", "STATUS="] : [])]),
    status: (text) => send([`STATUS=${oneLine(text)}`]),
    extendStart: (text) => send([`EXTEND_TIMEOUT_USEC=${EXTENSION_USEC}`, `STATUS=${oneLine(text)}`]),
  };
}

/** A newline would begin another assignment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\n\r]+/g, " ");
}

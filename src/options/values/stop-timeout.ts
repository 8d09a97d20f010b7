import { invalid, type Parsed, quoted, valid } from "./check.ts";

/** `StopTimeout=`: whole seconds; -1 waits for ever. It becomes TimeoutStopSec=, where systemd fills nothing in. */
export function parseStopTimeout(text: string): Parsed<number> {
  if (/^(?:-1|\d{1,9})$/.test(text)) return valid(Number(text));
  return invalid("bad-time-span", `${quoted(text)} is not a number of seconds`);
}

/** Seconds before SIGKILL by default: podman's and docker's. */
export const STOP_TIMEOUT = 10;

/** The TimeoutStopSec= of a `StopTimeout=`. */
export function timeoutStop(seconds: number): string {
  return seconds === -1 ? "infinity" : String(seconds);
}

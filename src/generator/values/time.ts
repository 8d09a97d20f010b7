import { type Problem, quoted } from "./check.ts";

/** systemd.time(7), "parsing time spans". */
const UNIT =
  "(?:usec|us|µs|μs|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h|days|day|d|weeks|week|w|months|month|M|years|year|y)";
const TIME_SPAN = new RegExp(`^(?:\\d+(?:\\.\\d+)?\\s*${UNIT}?\\s*)+$`);

/** A time span as systemd reads it: `90`, `5min`, `1h 30s`. */
export function checkTimeSpan(value: string): Problem | undefined {
  if (TIME_SPAN.test(value) && /[1-9]/.test(value)) return undefined;
  return { code: "bad-time-span", message: `${quoted(value)} is not a time span`, hint: "such as 90s or 5min" };
}

/** `StopTimeout=`: whole seconds; -1 waits for ever. It becomes TimeoutStopSec=, where systemd fills nothing in. */
export function checkStopTimeout(value: string): Problem | undefined {
  if (/^(?:-1|\d{1,9})$/.test(value)) return undefined;
  return { code: "bad-time-span", message: `${quoted(value)} is not a number of seconds` };
}

/** The TimeoutStopSec= of a checked `StopTimeout=`. */
export function timeoutStop(value: string): string {
  // systemd takes 0 as "no time-out"; podman takes it as "at once".
  return value === "-1" ? "infinity" : value === "0" ? "1us" : String(Number(value));
}

import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

/** systemd.time(7), "parsing time spans". */
const UNIT =
  "(?:usec|us|µs|μs|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h|days|day|d|weeks|week|w|months|month|M|years|year|y)";
const TIME_SPAN = new RegExp(`^(?:\\d+(?:\\.\\d+)?\\s*${UNIT}?\\s*)+$`);

/** A time span as systemd reads it, as it was written: `90`, `5min`, `1h 30s`. */
export function parseTimeSpan(text: string): Parsed<string> {
  if (TIME_SPAN.test(text) && /[1-9]/.test(text)) return valid(text);
  return invalid("bad-time-span", `${quoted(text)} is not a time span`, { hint: "such as 90s or 5min" });
}

/** `StopTimeout=`: whole seconds; -1 waits for ever. It becomes TimeoutStopSec=, where systemd fills nothing in. */
export function parseStopTimeout(text: string): Parsed<number> {
  if (/^(?:-1|\d{1,9})$/.test(text)) return valid(Number(text));
  return invalid("bad-time-span", `${quoted(text)} is not a number of seconds`);
}

/** Seconds before SIGKILL where nothing else is said: podman's and docker's. */
export const STOP_TIMEOUT = 10;

/** The TimeoutStopSec= of a `StopTimeout=`. */
export function timeoutStop(seconds: number): string {
  // systemd takes 0 as "no time-out"; podman takes it as "at once".
  return seconds === -1 ? "infinity" : seconds === 0 ? "1us" : String(seconds);
}

/** Milliseconds by the units of Go's durations (time.ParseDuration), which podman takes. */
const GO_UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const GO_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** A duration as podman takes it, in milliseconds: `10s`, `1m30s`, `1.5h`; a number needs a unit, but for 0. */
export function parseDuration(text: string): Parsed<number> {
  if (text === "0") return valid(0);
  if (text !== "" && text.replace(GO_PART, "") === "") {
    const parts = [...text.matchAll(GO_PART)];
    return valid(parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (GO_UNITS[unit] ?? 0), 0));
  }
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-duration", `${quoted(text)} is not a duration`, { hint: "such as 10s or 1m30s" });
}

import { isDeferred, type Problem, quoted } from "./check.ts";

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

/** Milliseconds by the units of Go's durations (time.ParseDuration), which podman takes. */
const GO_UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const GO_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** A duration as podman takes it: `10s`, `1m30s`, `1.5h`; a number needs a unit, but for 0. */
export function checkDuration(value: string): Problem | undefined {
  if (isDeferred(value) || parseDuration(value) !== undefined) return undefined;
  return { code: "bad-duration", message: `${quoted(value)} is not a duration`, hint: "such as 10s or 1m30s" };
}

/** Milliseconds; undefined for what is no duration. */
export function parseDuration(value: string): number | undefined {
  if (value === "0") return 0;
  if (value === "" || value.replace(GO_PART, "") !== "") return undefined;
  return [...value.matchAll(GO_PART)].reduce(
    (sum, [, number, unit = ""]) => sum + Number(number) * (GO_UNITS[unit] ?? 0),
    0,
  );
}

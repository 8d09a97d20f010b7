import { invalid, type Parsed, quoted, valid } from "./check.ts";

/** systemd.time(7), "parsing time spans". */
const UNIT =
  "(?:usec|us|µs|μs|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h|days|day|d|weeks|week|w|months|month|M|years|year|y)";
const TIME_SPAN = new RegExp(`^(?:\\d+(?:\\.\\d+)?\\s*${UNIT}?\\s*)+$`);

/** A time span as systemd reads it, as it was written: `90`, `5min`, `1h 30s`. */
export function parseTimeSpan(text: string): Parsed<string> {
  if (TIME_SPAN.test(text) && /[1-9]/.test(text)) return valid(text);
  return invalid("bad-time-span", `${quoted(text)} is not a time span`, { hint: "such as 90s or 5min" });
}

import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

/** Milliseconds by the units of Go's durations (time.ParseDuration), which podman takes. */
const GO_UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const GO_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;
const GO_DURATION = new RegExp(`^(?:${GO_PART.source})+$`);

/** A duration as podman takes it, in milliseconds: `10s`, `1m30s`, `1.5h`; a number needs a unit, but for 0. */
export function parseDuration(text: string): Parsed<number> {
  if (text === "0") return valid(0);
  if (GO_DURATION.test(text)) {
    const parts = [...text.matchAll(GO_PART)];
    return valid(parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (GO_UNITS[unit] ?? 0), 0));
  }
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-duration", `${quoted(text)} is not a duration`, { hint: "such as 10s or 1m30s" });
}

import { closest } from "../../suggest.ts";
import { type Parsed, quoted, suggesting, valid } from "./check.ts";

/** signal(7), on the architectures that berth runs on; by number from 1. */
const SIGNALS: readonly string[] = [
  "HUP",
  "INT",
  "QUIT",
  "ILL",
  "TRAP",
  "ABRT",
  "BUS",
  "FPE",
  "KILL",
  "USR1",
  "SEGV",
  "USR2",
  "PIPE",
  "ALRM",
  "TERM",
  "STKFLT",
  "CHLD",
  "CONT",
  "STOP",
  "TSTP",
  "TTIN",
  "TTOU",
  "URG",
  "XCPU",
  "XFSZ",
  "VTALRM",
  "PROF",
  "WINCH",
  "IO",
  "PWR",
  "SYS",
];

/** glibc keeps the first two real-time signals to itself, and leaves 34 to 64. */
const REALTIME_MIN = 34;
const REALTIME_MAX = 64;

/**
 * A signal as podman's --stop-signal takes it (`SIGTERM`, `term`, `15`, `RTMIN+3`), by the name that systemd's
 * KillSignal= takes. Systemd fills nothing in there.
 */
export function parseSignal(text: string): Parsed<string> {
  const number = signalNumber(text);
  if (number !== undefined) return valid(`SIG${SIGNALS[number - 1] ?? `RTMIN+${number - REALTIME_MIN}`}`);
  const near = closest(text.toUpperCase().replace(/^SIG/, ""), SIGNALS);
  const problem = { code: "bad-signal", message: `${quoted(text)} is not a signal` };
  return { problem: suggesting(problem, near === undefined ? undefined : `SIG${near}`) };
}

/** The number of a signal in any of these forms; undefined for what is none. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return isSignal(Number(text)) ? Number(text) : undefined;
  const name = text.toUpperCase().replace(/^SIG/, "");
  const index = SIGNALS.indexOf(name === "POLL" ? "IO" : name);
  if (index >= 0) return index + 1;
  const [, end, offset] = /^RTM(IN|AX)([+-]\d{1,2})?$/.exec(name) ?? [];
  if (end === undefined) return undefined;
  const number = (end === "IN" ? REALTIME_MIN : REALTIME_MAX) + Number(offset ?? 0);
  return number >= REALTIME_MIN && isSignal(number) ? number : undefined;
}

function isSignal(number: number): boolean {
  return SIGNALS[number - 1] !== undefined || (number >= REALTIME_MIN && number <= REALTIME_MAX);
}

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

/** glibc leaves 34 to 64 as the real-time signals. */
const REALTIME_MIN = 34;
const REALTIME_MAX = 64;

/**
 * A signal as podman's --stop-signal takes it (`SIGTERM`, `term`, `15`, `RTMIN+3`), by the name that systemd's
 * KillSignal= takes. Systemd fills nothing in there.
 */
export function parseSignal(text: string): Parsed<string> {
  const name = signalName(text);
  if (name !== undefined) return valid(name);
  const near = closest(text.toUpperCase().replace(/^SIG/, ""), SIGNALS);
  const problem = { code: "bad-signal", message: `${quoted(text)} is not a signal` };
  return { problem: suggesting(problem, near === undefined ? undefined : `SIG${near}`) };
}

function signalName(value: string): string | undefined {
  if (/^\d+$/.test(value)) {
    const number = Number(value);
    const name = SIGNALS[number - 1];
    if (name !== undefined) return `SIG${name}`;
    return number >= REALTIME_MIN && number <= REALTIME_MAX ? `SIGRTMIN+${number - REALTIME_MIN}` : undefined;
  }
  const name = value.toUpperCase().replace(/^SIG/, "");
  if (SIGNALS.includes(name)) return `SIG${name}`;
  if (name === "POLL") return "SIGIO";
  const realtime = /^RTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime === null) return undefined;
  const offset = Number(`${realtime[2] ?? "+"}${realtime[3] ?? "0"}`);
  const number = (realtime[1] === "IN" ? REALTIME_MIN : REALTIME_MAX) + offset;
  return number >= REALTIME_MIN && number <= REALTIME_MAX ? `SIGRTMIN+${number - REALTIME_MIN}` : undefined;
}

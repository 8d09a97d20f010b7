import { closest } from "../../suggest.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, shifted, splitAt, suggesting, valid } from "./check.ts";

/** getrlimit(2), lower-case and without RLIMIT_. */
const ULIMITS: readonly string[] = [
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

/** A resource limit as setrlimit(2) has it; -1 is unlimited. */
export interface Ulimit {
  /** Lower-case name without RLIMIT_: `nofile`. */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** `Ulimit=`: `type=soft[:hard]`, -1 or unlimited for none; or `host`. */
export function parseUlimit(text: string): Parsed<Ulimit | "host"> {
  if (text === "host") return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const { head, tail, tailAt } = splitAt(text, "=");
  if (tail === undefined)
    return invalid("bad-ulimit", `${quoted(text)} is not of the form TYPE=SOFT[:HARD]`, { hint: "or host" });
  if (!ULIMITS.includes(head)) {
    const problem = { code: "bad-ulimit", message: `${quoted(head)} is not a resource limit` };
    return { problem: suggesting(problem, closest(head, ULIMITS)) };
  }
  const { head: first, tail: second, tailAt: secondAt } = splitAt(tail, ":");
  const soft = shifted(parseLimit(first), tailAt);
  if (!("value" in soft)) return soft;
  const hard = second === undefined ? soft : shifted(parseLimit(second), tailAt + secondAt);
  if (!("value" in hard)) return hard;
  if (asNumber(soft.value) <= asNumber(hard.value)) return valid({ type: head, soft: soft.value, hard: hard.value });
  return invalid("bad-ulimit", `the soft limit ${first} is above the hard limit ${second}`, { at: tailAt });
}

function parseLimit(text: string): Parsed<number> {
  if (text === "unlimited" || text === "-1") return valid(-1);
  if (/^\d+$/.test(text)) return valid(Number(text));
  return invalid("bad-ulimit", `${quoted(text)} is not a limit`, { hint: "a number, or unlimited" });
}

function asNumber(limit: number): number {
  return limit === -1 ? Number.POSITIVE_INFINITY : limit;
}

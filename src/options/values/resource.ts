import { closest } from "../../suggest.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, shifted, splitAt, suggesting, valid } from "./check.ts";
import type { Assignment } from "./command.ts";

/** The launcher and the OCI runtime need threads of their own for a moment at start; with fewer tasks they fail to make them. */
const TASKS_MIN = 64;

/**
 * `PidsLimit=`: a number, or -1 or 0 for no limit, which is Infinity. It becomes TasksMax=, where systemd fills nothing
 * in.
 */
export function parsePidsLimit(text: string): Parsed<number> {
  if (text === "-1" || text === "0") return valid(Number.POSITIVE_INFINITY);
  if (!/^\d+$/.test(text))
    return invalid("bad-number", `${quoted(text)} is not a number of tasks`, { hint: "-1 is no limit" });
  if (Number(text) >= TASKS_MIN) return valid(Number(text));
  const message = `${text} tasks are too few: starting the container takes up to ${TASKS_MIN}`;
  return invalid("limit-too-low", message, { hint: `${TASKS_MIN} or more, or Ulimit=nproc=` });
}

/** The TasksMax= of a `PidsLimit=`. */
export function tasksMax(limit: number): string {
  return limit === Number.POSITIVE_INFINITY ? "infinity" : String(limit);
}

/** A number that systemd fills nothing in for. */
export function parseCount(text: string): Parsed<number> {
  return /^\d{1,9}$/.test(text) ? valid(Number(text)) : invalid("bad-number", `${quoted(text)} is not a number`);
}

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

/**
 * Parameters that the kernel keeps per IPC namespace, so that they may be set for one container: sysctl(7), ipc_namespaces(7).
 */
const IPC_SYSCTLS: readonly string[] = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
];

/** `Sysctl=`: `name=value`, of a name that belongs to the container's own namespaces. */
export function parseSysctl(text: string): Parsed<Assignment> {
  const { head, tail } = splitAt(text, "=");
  if (isDeferred(head)) return DEFERRED;
  if (tail === undefined || head === "") return invalid("bad-sysctl", `${quoted(text)} is not of the form NAME=VALUE`);
  const name = head.replaceAll("/", ".");
  if (IPC_SYSCTLS.includes(name) || name.startsWith("net.") || name.startsWith("fs.mqueue."))
    return valid([head, tail]);
  const hint = "net.*, fs.mqueue.* and the IPC limits of kernel.* are";
  return invalid("bad-sysctl", `${quoted(head)} is not kept per container by the kernel`, { hint });
}

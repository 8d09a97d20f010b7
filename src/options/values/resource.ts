import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";

/** The launcher and the OCI runtime need threads of their own for a moment at start; with fewer tasks they fail to make them. */
const TASKS_MIN = 64;

/** `PidsLimit=`: a number, or -1 for no limit. It becomes TasksMax=, where systemd fills nothing in. */
export function checkPidsLimit(value: string): Problem | undefined {
  if (value === "-1" || value === "0") return undefined;
  if (!/^\d+$/.test(value)) {
    return { code: "bad-number", message: `${quoted(value)} is not a number of tasks`, hint: "-1 is no limit" };
  }
  if (Number(value) >= TASKS_MIN) return undefined;
  return {
    code: "limit-too-low",
    message: `${value} tasks are too few: starting the container takes up to ${TASKS_MIN}`,
    hint: `${TASKS_MIN} or more, or Ulimit=nproc=`,
  };
}

/** A number that systemd fills nothing in for. */
export function checkCount(value: string): Problem | undefined {
  if (/^\d{1,9}$/.test(value)) return undefined;
  return { code: "bad-number", message: `${quoted(value)} is not a number` };
}

/** The TasksMax= of a checked `PidsLimit=`. */
export function tasksMax(value: string): string {
  return value === "-1" || value === "0" ? "infinity" : String(Number(value));
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

/** `Ulimit=`: `type=soft[:hard]`, -1 or unlimited for none; or `host`. */
export function checkUlimit(value: string): Problem | undefined {
  if (value === "host" || isDeferred(value)) return undefined;
  const { head, tail, tailAt } = splitAt(value, "=");
  if (tail === undefined) {
    return { code: "bad-ulimit", message: `${quoted(value)} is not of the form TYPE=SOFT[:HARD]`, hint: "or host" };
  }
  if (!ULIMITS.includes(head)) {
    return suggesting(
      { code: "bad-ulimit", message: `${quoted(head)} is not a resource limit` },
      closest(head, ULIMITS),
    );
  }
  const { head: soft, tail: hard, tailAt: hardAt } = splitAt(tail, ":");
  const problem = checkLimit(soft) ?? shifted(hard === undefined ? undefined : checkLimit(hard), hardAt);
  if (problem !== undefined || hard === undefined) return shifted(problem, tailAt);
  if (limitNumber(soft) <= limitNumber(hard)) return undefined;
  return { code: "bad-ulimit", message: `the soft limit ${soft} is above the hard limit ${hard}`, at: tailAt };
}

function checkLimit(value: string): Problem | undefined {
  if (value === "unlimited" || value === "-1" || /^\d+$/.test(value)) return undefined;
  return { code: "bad-ulimit", message: `${quoted(value)} is not a limit`, hint: "a number, or unlimited" };
}

function limitNumber(value: string): number {
  return value === "unlimited" || value === "-1" ? Number.POSITIVE_INFINITY : Number(value);
}

/**
 * What the kernel keeps per IPC namespace, and may therefore be set for one container: sysctl(7), ipc_namespaces(7).
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
export function checkSysctl(value: string): Problem | undefined {
  if (isDeferred(value.split("=", 1)[0] ?? "")) return undefined;
  const { head, tail } = splitAt(value, "=");
  if (tail === undefined || head === "") {
    return { code: "bad-sysctl", message: `${quoted(value)} is not of the form NAME=VALUE` };
  }
  const name = head.replaceAll("/", ".");
  if (IPC_SYSCTLS.includes(name) || name.startsWith("net.") || name.startsWith("fs.mqueue.")) return undefined;
  return {
    code: "bad-sysctl",
    message: `${quoted(head)} is not kept per container by the kernel`,
    hint: "net.*, fs.mqueue.* and the IPC limits of kernel.* are",
  };
}

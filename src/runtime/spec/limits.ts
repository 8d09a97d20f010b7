import { readFileSync } from "node:fs";
import { CAPABILITIES } from "../../options/values/capability.ts";
import type { Ulimit } from "../../options/values/ulimit.ts";
import { RuntimeError } from "../error.ts";

/** The capabilities, without CAP_, in one of the masks of this process (proc(5), status: CapEff, CapBnd…). */
function ownCapabilities(field: string): string[] {
  const text = new RegExp(`^${field}:\\s*([0-9a-f]+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const mask = BigInt(`0x${text}`);
  return CAPABILITIES.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

/**
 * The capabilities, without CAP_, that this process can give to another: none that the machine itself has dropped.
 */
export function attainableCapabilities(): string[] {
  return ownCapabilities("CapBnd");
}

/**
 * The highest limits that this process can give to another: its own hard limits, or anything with CAP_SYS_RESOURCE
 * over the machine. Root of a user namespace has that capability only inside, where setrlimit(2) does not ask.
 */
export function attainableLimits(inUserNamespace: boolean): Record<"nofile" | "nproc", number> {
  if (!inUserNamespace && ownCapabilities("CapEff").includes("SYS_RESOURCE"))
    return { nofile: Number.POSITIVE_INFINITY, nproc: Number.POSITIVE_INFINITY };
  const hard = hardLimits();
  return { nofile: hard("nofile"), nproc: hard("nproc") };
}

/**
 * Refuses limits that setrlimit(2) will refuse, by its rules: above the process's own hard limits without
 * CAP_SYS_RESOURCE over the machine, and for open files above fs.nr_open for anybody. Throws "bad-request".
 */
export function checkLimits(ulimits: readonly Ulimit[], inUserNamespace: boolean): void {
  if (ulimits.length === 0) return;
  const value = (limit: number) => (limit < 0 ? Number.POSITIVE_INFINITY : limit);
  const nofile = ulimits.find(({ type }) => type === "nofile");
  const most = Number(readFileSync("/proc/sys/fs/nr_open", "utf8"));
  if (nofile !== undefined && value(nofile.hard) > most)
    throw new RuntimeError("bad-request", `ulimit nofile=${shown(nofile.hard)}: more than fs.nr_open, ${most}`);
  if (!inUserNamespace && ownCapabilities("CapEff").includes("SYS_RESOURCE")) return;
  const hard = hardLimits();
  for (const limit of ulimits) {
    if (value(limit.hard) <= hard(limit.type)) continue;
    const own = `this user's hard limit ${hard(limit.type)}`;
    const hint = `Limit${limit.type.toUpperCase()}= of user@.service, or limits.conf(5), raises that`;
    throw new RuntimeError("bad-request", `ulimit ${limit.type}=${shown(limit.hard)}: more than ${own} (${hint})`);
  }
}

const shown = (limit: number): string => (limit < 0 ? "unlimited" : `${limit}`);

/** The names of limits in proc(5), limits. */
const LABELS: Readonly<Record<string, string>> = {
  as: "Max address space",
  core: "Max core file size",
  cpu: "Max cpu time",
  data: "Max data size",
  fsize: "Max file size",
  locks: "Max file locks",
  memlock: "Max locked memory",
  msgqueue: "Max msgqueue size",
  nice: "Max nice priority",
  nofile: "Max open files",
  nproc: "Max processes",
  rss: "Max resident set",
  rtprio: "Max realtime priority",
  rttime: "Max realtime timeout",
  sigpending: "Max pending signals",
  stack: "Max stack size",
};

/** Reads this process's hard limits; the function gives one by its type, infinity for none. */
function hardLimits(): (type: string) => number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return (type) => {
    const label = Object.hasOwn(LABELS, type) ? LABELS[type] : undefined;
    const text = new RegExp(`^${label}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1];
    return text === undefined || text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
  };
}

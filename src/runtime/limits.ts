import { readFileSync } from "node:fs";

/** Bit of CAP_SYS_RESOURCE in the masks of /proc/PID/status. */
const CAP_SYS_RESOURCE = 24n;

/**
 * The highest limits that this process can give to another: its own hard limits, or anything with CAP_SYS_RESOURCE
 * over the machine. Root of a user namespace has that capability only inside, where setrlimit(2) does not ask.
 */
export function attainableLimits(inUserNamespace: boolean): Record<"nofile" | "nproc", number> {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const any = !inUserNamespace && ((BigInt(`0x${mask}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
  if (any) return { nofile: Number.POSITIVE_INFINITY, nproc: Number.POSITIVE_INFINITY };
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = (label: string) => {
    const text = new RegExp(`^${label}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1];
    return text === undefined || text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
  };
  return { nofile: hard("Max open files"), nproc: hard("Max processes") };
}

import { readFileSync } from "node:fs";
import { CAPABILITIES } from "../../options/values/capability.ts";

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
  const limits = readFileSync("/proc/self/limits", "utf8");
  const hard = (label: string) => {
    const text = new RegExp(`^${label}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1];
    return text === undefined || text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
  };
  return { nofile: hard("Max open files"), nproc: hard("Max processes") };
}

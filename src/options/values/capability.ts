import { closest } from "../../suggest.ts";
import { DEFERRED, isDeferred, type Parsed, quoted, suggesting, valid } from "./check.ts";

/** Every capability, by number, without `CAP_`: capabilities(7), <linux/capability.h> of Linux 6.12. */
export const CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** A capability with or without `CAP_`, in any case, or `all`: in upper case and without `CAP_`. */
export function parseCapability(text: string): Parsed<Capability | "ALL"> {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if (text.toLowerCase() === "all") return valid("ALL");
  const capability = CAPABILITIES.find((known) => known === name);
  if (capability !== undefined) return valid(capability);
  if (isDeferred(text)) return DEFERRED;
  const problem = { code: "bad-capability", message: `${quoted(text)} is not a capability` };
  if (name === "ALL") return { problem: { ...problem, hint: "write all" } };
  const near = closest(name, CAPABILITIES.map((known) => known.toLowerCase()).sort());
  return { problem: suggesting(problem, near === undefined ? undefined : `CAP_${near.toUpperCase()}`) };
}

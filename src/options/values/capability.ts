import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted } from "./check.ts";

/** capabilities(7), as of Linux 6.12; lower-case and without `cap_`. */
const CAPABILITIES: readonly string[] = [
  "audit_control",
  "audit_read",
  "audit_write",
  "block_suspend",
  "bpf",
  "checkpoint_restore",
  "chown",
  "dac_override",
  "dac_read_search",
  "fowner",
  "fsetid",
  "ipc_lock",
  "ipc_owner",
  "kill",
  "lease",
  "linux_immutable",
  "mac_admin",
  "mac_override",
  "mknod",
  "net_admin",
  "net_bind_service",
  "net_broadcast",
  "net_raw",
  "perfmon",
  "setfcap",
  "setgid",
  "setpcap",
  "setuid",
  "sys_admin",
  "sys_boot",
  "sys_chroot",
  "sys_module",
  "sys_nice",
  "sys_pacct",
  "sys_ptrace",
  "sys_rawio",
  "sys_resource",
  "sys_time",
  "sys_tty_config",
  "syslog",
  "wake_alarm",
];

/** A capability with or without `CAP_`, in any case, or `all`. */
export function checkCapability(value: string): Problem | undefined {
  const name = value.toLowerCase().replace(/^cap_/, "");
  if (isDeferred(value) || value.toLowerCase() === "all" || CAPABILITIES.includes(name)) return undefined;
  const problem: Problem = { code: "bad-capability", message: `${quoted(value)} is not a capability` };
  if (name === "all") return { ...problem, hint: "write all" };
  const near = closest(name, CAPABILITIES);
  return near === undefined ? problem : { ...problem, hint: `did you mean "CAP_${near.toUpperCase()}"?` };
}

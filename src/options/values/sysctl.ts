import { DEFERRED, invalid, isDeferred, type Parsed, quoted, splitAt, valid } from "./check.ts";
import type { Assignment } from "./command.ts";

/**
 * Parameters that the kernel keeps per IPC namespace, so that they may be set for one container: sysctl(7),
 * ipc_namespaces(7).
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

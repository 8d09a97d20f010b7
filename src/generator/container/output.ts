import type { ContainerContext } from "../making/context.ts";

/** Values of StandardOutput= and StandardError= (systemd.exec(5)) that a program can open by name: no sockets. */
const FILES = /^(?:null$|tty$|file:|append:|truncate:)/;

/**
 * Whether a service's output may go to the journal, whose sockets cannot be opened as /dev/stdout or /dev/stderr. What
 * a service says nothing of is the manager's to choose.
 */
export function mayPrintToJournal({ service }: Pick<ContainerContext, "service">): boolean {
  const output = service.get("StandardOutput")?.value ?? "";
  const error = service.get("StandardError")?.value ?? "";
  return !FILES.test(output) || !FILES.test(error === "inherit" ? output : error);
}

import { fstatSync } from "node:fs";
import { ownCgroup } from "../../runtime/oci-runtime/container-cgroup.ts";
import { sendToJournal } from "./journal-message.ts";

/**
 * Files one line in the journal under the unit of a user's manager that this process runs in; false where it runs in
 * none, or writes elsewhere, and standard error will do. What a user's service writes to standard error journald files
 * under its unit only if it can still look up the sender's cgroup: the last words of a process that ends at once, which
 * say why, are often lost. With `USER_UNIT=` (systemd.journal-fields(7)) the sender says itself whom they are about.
 */
export function tellUsersJournal(line: string, env: Readonly<Record<string, string | undefined>>): boolean {
  // Set in services of users' managers alone, systemd.exec(5).
  if (env.MANAGERPID === undefined || env.JOURNAL_STREAM !== streamOf(2)) return false;
  const unit = /.*\/([^/]+\.service)/.exec(ownCgroup() ?? "")?.[1];
  if (unit === undefined) return false;
  try {
    sendToJournal(line, { SYSLOG_IDENTIFIER: unit.replace(/\.service$/, ""), USER_UNIT: unit });
    return true;
  } catch {
    return false;
  }
}

/** A descriptor's file as `JOURNAL_STREAM=` names it. */
function streamOf(fd: number): string {
  const { dev, ino } = fstatSync(fd);
  return `${dev}:${ino}`;
}

import { fstatSync } from "node:fs";
import { ownCgroup } from "../../runtime/oci-runtime/container-cgroup.ts";
import { sendToJournal } from "./journal-message.ts";

/**
 * Writes one line to the journal under this process's unit of a user's manager. Returns false where there is no such
 * unit, or standard error is not the journal: the caller then writes to standard error. journald files a user's
 * standard error under its unit only while it can look up the sender's cgroup, so the last line of a process that ends
 * at once, which has the reason, is often lost. `USER_UNIT=` (systemd.journal-fields(7)) names the unit itself.
 */
export function tellUsersJournal(line: string, env: Readonly<Record<string, string | undefined>>): boolean {
  // Set only in services of users' managers, systemd.exec(5).
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

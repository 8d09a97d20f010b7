import { ownCgroup } from "../../runtime/oci-runtime/container-cgroup.ts";
import { runProgram } from "../../system/process.ts";
import { sendToJournal } from "./journal-message.ts";

/** The manager could be busy, and nobody is to wait for this: milliseconds. */
const TIMEOUT_MS = 2000;

/**
 * Of a unit that waits for another one's start systemd says "Dependency failed", and not which, nor why. So the failure
 * of a service's command is also noted in the journal of the units that wait for the service, where `systemctl status`
 * shows it: root's words about a unit count there (OBJECT_SYSTEMD_UNIT=), and a user's about their own (USER_UNIT=).
 * Never throws.
 */
export function tellDependents(message: string): void {
  const cgroup = ownCgroup() ?? "";
  const unit = cgroup.split("/").findLast((part) => part.endsWith(".service"));
  if (unit === undefined) return;
  const ofUser = cgroup.includes("/user@");
  try {
    const ask = (...words: string[]) =>
      runProgram("systemctl", [ofUser ? "--user" : "--system", "--plain", "--no-legend", ...words], {
        stdout: "pipe",
        stderr: "ignore",
        timeout: TIMEOUT_MS,
      }).stdout.split("\n");
    const dependents = ask("show", "--value", "--property=RequiredBy,BoundBy", unit).flatMap((line) => line.split(" "));
    const starting = ask("list-jobs").flatMap((line) => {
      const [, name, type] = line.split(/ +/);
      return name !== undefined && type === "start" ? [name] : [];
    });
    for (const name of new Set(starting.filter((waiting) => dependents.includes(waiting))))
      sendToJournal(`${unit}, which this needs, does not start: ${message}`, {
        SYSLOG_IDENTIFIER: "berth",
        [ofUser ? "USER_UNIT" : "OBJECT_SYSTEMD_UNIT"]: name,
      });
  } catch {
    // The failure itself has been told.
  }
}

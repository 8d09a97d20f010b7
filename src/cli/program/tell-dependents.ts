import { ownCgroup } from "../../runtime/oci-runtime/container-cgroup.ts";
import { runProgram } from "../../system/process.ts";
import { sendToJournal } from "./journal-message.ts";

/** Time limit in milliseconds: a busy manager must not delay the failing service. */
const TIMEOUT_MS = 2000;

/**
 * Reports the failure of a service's command also in the journal of the units that wait for the service: of those
 * systemd only reports "Dependency failed", neither which one nor why. `systemctl status` shows the entries, as it
 * trusts root's about any unit (OBJECT_SYSTEMD_UNIT=) and a user's about the user's own (USER_UNIT=). Never throws.
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
    // The failure itself has been reported.
  }
}

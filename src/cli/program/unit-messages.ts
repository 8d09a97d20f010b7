import { runProgram } from "../../system/process.ts";
import type { CommandContext } from "./command.ts";

/** The number of lines: enough for the cause of a failure. */
const LINES = 10;

/**
 * journalctl's arguments that choose what a service's payload and launcher wrote, and leave out systemd's own messages:
 * what came by their streams, what was written to /dev/stdout by name (units/berth-log@.service), and in a user's scope
 * the launcher's last words (users-journal.ts).
 */
export function outputMatches(unit: string, { scope }: Pick<CommandContext, "scope">): string[] {
  const stream = "_TRANSPORT=stdout";
  if (scope.kind === "system")
    return [`_SYSTEMD_UNIT=${unit}`, stream, "+", `OBJECT_SYSTEMD_UNIT=${unit}`, "_UID=0", stream];
  const own = `_UID=${scope.uid}`;
  const stem = unit.replace(/\.service$/, "");
  return [
    ...[`_SYSTEMD_USER_UNIT=${unit}`, own, stream, "+"],
    ...[`_SYSTEMD_USER_UNIT=berth-log@${stem}.service`, own, stream, "+"],
    ...[`USER_UNIT=${unit}`, own, "_TRANSPORT=journal", `SYSLOG_IDENTIFIER=${stem}`],
  ];
}

/**
 * The last lines that a unit's processes wrote to the journal after `since` (milliseconds since 1970), indented, to be
 * shown before the error that it did not start; "" if there are none or the journal cannot be read.
 */
export function lastMessages(unit: string, since: number, context: CommandContext): string {
  // The last lines may still be on their way to the journal. Only root may request `--sync`.
  if (context.scope.kind === "system") runProgram("journalctl", ["--sync"], { stderr: "ignore" });
  const options = [
    "--quiet",
    "--no-pager",
    "--output=cat",
    `--lines=${LINES}`,
    `--since=@${(since / 1000).toFixed(3)}`,
  ];
  const { stdout } = runProgram("journalctl", [...options, ...outputMatches(unit, context)], {
    stdout: "pipe",
    stderr: "ignore",
  });
  const lines = stdout.split("\n");
  // The OCI runtime says the same before it, if it is what has failed.
  const own = lines.filter((line) => line.startsWith("berth: "));
  return (own.length > 0 ? own : lines).flatMap((line) => (line === "" ? [] : `  ${line}\n`)).join("");
}

/** The command that shows more about a unit. */
export function whereToLook(unit: string, { scope }: CommandContext): string {
  return `see journalctl ${scope.kind === "user" ? "--user " : ""}-u ${unit}`;
}

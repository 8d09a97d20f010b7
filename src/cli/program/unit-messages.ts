import { runProgram } from "../../system/process.ts";
import type { CommandContext } from "./command.ts";

/** The number of lines: enough for the cause of a failure. */
const LINES = 10;

/**
 * The last lines that a unit's processes wrote to the journal after `since` (milliseconds since 1970), indented, to be
 * shown before the error that it did not start; "" if there are none or the journal cannot be read.
 */
export function lastMessages(unit: string, since: number, { scope }: CommandContext): string {
  // The last lines may still be on their way to the journal. Only root may request `--sync`.
  if (scope.kind === "system") runProgram("journalctl", ["--sync"], { stderr: "ignore" });
  const { stdout } = runProgram(
    "journalctl",
    [
      ...[scope.kind === "user" ? "--user-unit" : "--unit", unit, "_TRANSPORT=stdout", "--quiet", "--no-pager"],
      ...["--output=cat", `--lines=${LINES}`, `--since=@${(since / 1000).toFixed(3)}`],
    ],
    { stdout: "pipe", stderr: "ignore" },
  );
  const lines = stdout.split("\n");
  // The OCI runtime says the same before it, if it is what has failed.
  const own = lines.filter((line) => line.startsWith("berth: "));
  return (own.length > 0 ? own : lines).flatMap((line) => (line === "" ? [] : `  ${line}\n`)).join("");
}

/** The command that shows more about a unit. */
export function whereToLook(unit: string, { scope }: CommandContext): string {
  return `see journalctl ${scope.kind === "user" ? "--user " : ""}-u ${unit}`;
}

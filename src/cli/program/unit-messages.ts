import { runProgram } from "../../system/process.ts";
import type { CommandContext } from "./command.ts";

/** As many lines as tell why something has failed, and no story. */
const LINES = 10;

/**
 * What a unit's processes have last written to the journal since `since` (milliseconds since 1970), indented, to be
 * shown before the error that it did not start; "" if the journal has nothing or cannot be read.
 */
export function lastMessages(unit: string, since: number, { scope }: CommandContext): string {
  // What the unit has just written may still be on its way. Only root may ask for this; others get what is there.
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

/** Where more is to be read of a unit. */
export function whereToLook(unit: string, { scope }: CommandContext): string {
  return `see journalctl ${scope.kind === "user" ? "--user " : ""}-u ${unit}`;
}

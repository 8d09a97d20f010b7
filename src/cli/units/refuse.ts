import type { Command } from "commander";
import type { CommandContext } from "../program/command.ts";

/** EX_CONFIG of sysexits.h: "something was found in an unconfigured or misconfigured state". */
const EX_CONFIG = 78;

/** `berth refuse`: ExecStart= of a service whose file has errors. Reports them, and fails. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<line...>", "what is wrong").action((lines: string[]) => {
    for (const line of lines) context.err(`${line}\n`);
    process.exitCode = EX_CONFIG;
  });
}

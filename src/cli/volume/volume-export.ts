import { closeSync, openSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Write a volume's content to a tar archive.",
  details: ["A container may use the volume meanwhile; files that change while they are read are told on stderr."],
  examples: [{ command: "berth volume export --output data.tar data", help: "To a file; the name may be a new one." }],
};

/** `berth volume export`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<volume>", "volume")
    .option("-o, --output <file>", "the archive; default: standard output")
    .action(async (name: string, { output }: { output?: string }) => exportTo(name, output, context));
}

async function exportTo(name: string, output: string | undefined, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const { exportVolume } = await import("../../runtime/volume/archive.ts");
  if (output === undefined) {
    if (context.outIsTerminal()) throw new CommandError("an archive is nothing for a terminal: give --output", 125);
    return forEachName([name], USUAL_EXIT_CODES, (volume) => exportVolume(context.scope, volume, 1));
  }
  const path = resolve(context.cwd, output);
  const unfinished = `${path}.${process.pid}.new`;
  const file = openSync(unfinished, "wx", 0o600);
  try {
    await forEachName([name], USUAL_EXIT_CODES, (volume) => exportVolume(context.scope, volume, file));
    renameSync(unfinished, path);
  } finally {
    closeSync(file);
    await rm(unfinished, { force: true });
  }
}

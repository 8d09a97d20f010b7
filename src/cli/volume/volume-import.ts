import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { errnoName } from "../../system/error.ts";
import { setPlainUmask } from "../../system/files.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Add the files of a tar archive to a volume.",
  details: [
    "The volume has to be there, and no container may be using it. Files of the same names are replaced, others stay. The archive is unpacked beside the volume first: if it is bad, or the disk full, the volume is as it was.",
  ],
  examples: [{ command: "berth volume import data data.tar", help: "From a file; also compressed." }],
};

/** `berth volume import`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<volume>", "volume")
    .argument("[file]", "the archive; - or nothing: standard input")
    .action(async (name: string, file: string | undefined) => importFrom(name, file, context));
}

async function importFrom(name: string, file: string | undefined, context: CommandContext): Promise<void> {
  const { scope } = context;
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  setPlainUmask();
  const isInput = file === undefined || file === "-";
  const archive = isInput ? context.input() : await openArchive(resolve(context.cwd, file));
  if (archive === undefined) throw new CommandError("no archive: give a file, or the archive on standard input", 125);
  const { importVolume } = await import("../../runtime/volume/archive.ts");
  await forEachName([name], USUAL_EXIT_CODES, (volume) => importVolume(scope, volume, archive, scope.kind === "user"));
}

/** Opens the archive at once: a stream that opens its file later fails before anything listens for errors. */
async function openArchive(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    throw new CommandError(`${path} cannot be opened (${errnoName(error)})`, 125);
  }
}

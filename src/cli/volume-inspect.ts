import type { Command } from "commander";
import { describeVolume } from "../runtime/volume/describe.ts";
import { findVolume, listVolumes } from "../runtime/volume/volume.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { forEachName, USUAL_EXIT_CODES } from "./for-each-name.ts";
import { formatInspection, inspectionOption } from "./output-format.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of volumes, as JSON with podman's names.",
  examples: [{ command: "berth volume inspect data", help: "By name, or by what only its name begins with." }],
};

/** `berth volume inspect`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[volume...]", "volumes")
    .option("-a, --all", "all volumes")
    .addOption(inspectionOption())
    .action((names: string[], { all, format }: { all?: boolean; format: string }) =>
      inspect(names, all === true, format, context),
    );
}

async function inspect(names: readonly string[], all: boolean, format: string, context: CommandContext): Promise<void> {
  if (all === names.length > 0) throw new CommandError("give names of volumes, or --all", 125);
  const { scope } = context;
  const found = all ? listVolumes(scope) : [];
  const failed = await forEachName(names, USUAL_EXIT_CODES, (name) => void found.push(findVolume(scope, name))).catch(
    (error: unknown) => error,
  );
  const described = found.map((volume) => describeVolume(scope, volume));
  context.out(formatInspection(described, format));
  if (failed !== undefined) throw failed;
}

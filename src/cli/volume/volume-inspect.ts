import type { Command } from "commander";
import { describeVolume } from "../../runtime/volume/describe.ts";
import { findVolume, listVolumeNames } from "../../state/volume-record.ts";
import { addInspectionOptions, type InspectionOptions, inspectEach } from "../output/inspection.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";

interface Options extends InspectionOptions {
  readonly all?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of volumes, as JSON with podman's names.",
  examples: [
    { command: "berth volume inspect data", help: "By name, or by what only its name begins with." },
    { command: "berth volume inspect data --format '{{.Mountpoint}}'", help: "Just where it is." },
  ],
};

/** `berth volume inspect`. */
export function define(command: Command, context: CommandContext): void {
  const { scope } = context;
  addInspectionOptions(command)
    .argument("[volume...]", "names")
    .option("-a, --all", "all volumes")
    .action(async (names: string[], options: Options) => {
      const all = options.all === true;
      if (all === names.length > 0) throw new CommandError("give names of volumes, or --all", 125);
      const wanted = all ? listVolumeNames(scope) : names;
      await inspectEach(wanted, (name) => describeVolume(scope, findVolume(scope, name)), options, context);
    });
}

import type { Command } from "commander";
import { failedWith } from "../../error.ts";
import { stopResourceServiceOf } from "../network/stop-resource-service.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { forEachName, REMOVAL_EXIT_CODES } from "../program/for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove volumes and everything in them.",
  details: [
    "Nothing else ever does: a volume outlives its containers and its unit. One that a running container has mounted is not removed; stop the container first. The service of a `.volume` file that has made it is stopped too, and makes a new one when it is started next.",
  ],
  examples: [{ command: "berth volume rm data", help: "Remove one." }],
};

/** `berth volume rm`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[volume...]", "volumes")
    .option("-a, --all", "all volumes")
    .option("-f, --force", "do not fail for a volume that there is not")
    .action(async (names: string[], options: { all?: boolean; force?: boolean }) => remove(names, options, context));
}

async function remove(
  names: readonly string[],
  { all, force }: { all?: boolean; force?: boolean },
  context: CommandContext,
): Promise<void> {
  if ((all === true) === names.length > 0) throw new CommandError("give names of volumes, or --all", 125);
  const { scope } = context;
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const { removeVolume } = await import("../../runtime/volume/remove.ts");
  const { findVolume, hasVolume, listVolumeNames } = await import("../../state/volume-record.ts");
  const wanted = all ? listVolumeNames(scope) : names;
  await forEachName(wanted, REMOVAL_EXIT_CODES, async (name) => {
    try {
      const volume = hasVolume(scope, name) ? name : findVolume(scope, name).name;
      removeVolume(scope, volume);
      await stopResourceServiceOf("volume", volume, context);
    } catch (error) {
      if (force && failedWith(error, "no-such-volume")) return;
      throw error;
    }
    context.out(`${name}\n`);
  });
}

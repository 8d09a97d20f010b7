import type { Command } from "commander";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Unmount volumes that `berth volume mount` has mounted on the host.",
  examples: [{ command: "berth volume unmount data", help: "Unmount one." }],
};

/** `berth volume unmount`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[volume...]", "volumes")
    .option("-a, --all", "all volumes")
    .action(async (names: string[], { all }: { all?: boolean }) => {
      const { unmountFromHost } = await import("../../runtime/volume/host-mount.ts");
      const { listVolumeNames } = await import("../../state/volume-record.ts");
      const wanted = all ? listVolumeNames(context.scope) : names;
      await forEachName(wanted, USUAL_EXIT_CODES, (name) => {
        unmountFromHost(context.scope, name);
        context.out(`${name}\n`);
      });
    });
}

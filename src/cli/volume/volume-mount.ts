import type { Command } from "commander";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { forEachName, USUAL_EXIT_CODES } from "../program/for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Mount volumes on the host, and print where they are.",
  details: [
    "Most volumes are folders and need no mounting. One with a file system of its own stays mounted until `berth volume unmount`; containers that start meanwhile use that mount, so a tmpfs keeps its content while there are none. Only root can mount such a volume.",
  ],
  examples: [{ command: "ls $(berth volume mount data)", help: "Look into a volume." }],
};

/** `berth volume mount`. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<volume...>", "volumes").action(async (names: string[]) => {
    const { mountOnHost } = await import("../../runtime/volume/host-mount.ts");
    await forEachName(names, USUAL_EXIT_CODES, (name) => context.out(`${mountOnHost(context.scope, name)}\n`));
  });
}

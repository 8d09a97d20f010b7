import type { Command } from "commander";
import { describeNetwork } from "../../runtime/network/network-users.ts";
import { findNetwork } from "../../state/network-definitions.ts";
import { addInspectionOptions, type InspectionOptions, inspectEach } from "../output/inspection.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of networks, and who is in them, as JSON with podman's names.",
  examples: [
    { command: "berth network inspect back", help: "By name, or by what only its ID begins with." },
    {
      command: "berth network inspect back --format '{{range .Subnets}}{{.Subnet}} {{end}}'",
      help: "Just its subnets.",
    },
  ],
};

/** `berth network inspect`. */
export function define(command: Command, context: CommandContext): void {
  addInspectionOptions(command)
    .argument("<network...>", "names or IDs")
    .action((names: string[], options: InspectionOptions) =>
      inspectEach(names, (name) => describeNetwork(context.scope, findNetwork(context.scope, name)), options, context),
    );
}

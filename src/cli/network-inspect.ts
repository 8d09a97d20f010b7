import type { Command } from "commander";
import { describeNetwork, findNetwork } from "../runtime/network/networks.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { forEachName, USUAL_EXIT_CODES } from "./for-each-name.ts";
import { formatInspection, inspectionOption } from "./output-format.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of networks, and who is in them, as JSON with podman's names.",
  examples: [{ command: "berth network inspect back", help: "By name, or by what only its ID begins with." }],
};

/** `berth network inspect`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<name...>", "networks")
    .addOption(inspectionOption())
    .action((names: string[], { format }: { format: string }) => inspect(names, format, context));
}

async function inspect(names: readonly string[], format: string, context: CommandContext): Promise<void> {
  const found: object[] = [];
  const failed = await forEachName(names, USUAL_EXIT_CODES, (name) => {
    found.push(describeNetwork(context.scope, findNetwork(context.scope, name)));
  }).catch((error: unknown) => error);
  // What a network has not is not in its JSON, but is no unknown field.
  const filled = (network: object) => ({ network_interface: "", network_dns_servers: [], ...network });
  context.out(formatInspection(format === "json" ? found : found.map(filled), format));
  if (failed !== undefined) throw failed;
}

import { type Command, Option } from "commander";
import { describeNetwork, findNetwork } from "../runtime/network/networks.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { forEachName, USUAL_EXIT_CODES } from "./for-each-name.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of networks, and who is in them, as JSON with podman's names.",
  examples: [{ command: "berth network inspect back", help: "By name, or by what only its ID begins with." }],
};

/** `berth network inspect`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<name...>", "networks")
    .addOption(new Option("-f, --format <format>", "how to print").choices(["json"]).default("json"))
    .action((names: string[]) => inspect(names, context));
}

async function inspect(names: readonly string[], context: CommandContext): Promise<void> {
  const found: object[] = [];
  const failed = await forEachName(names, USUAL_EXIT_CODES, (name) => {
    found.push(describeNetwork(context.scope, findNetwork(context.scope, name)));
  }).catch((error: unknown) => error);
  context.out(`${JSON.stringify(found, null, 2)}\n`);
  if (failed !== undefined) throw failed;
}

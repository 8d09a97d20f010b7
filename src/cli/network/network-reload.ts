import type { Command } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Put back the firewall rules of containers' networks.",
  details: [
    "After another program has emptied the firewall (`nft flush ruleset`, a restart of a firewall's service), published ports and the way out do not work any more. The containers are not touched, and keep their addresses.",
  ],
  examples: [{ command: "berth network reload --all", help: "For all containers and pods." }],
};

/** `berth network reload`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[container...]", "names or IDs of containers or pods")
    .option("-a, --all", "all of them")
    .action((names: string[], options: { all?: boolean }) => reload(names, options.all === true, context));
}

async function reload(names: readonly string[], all: boolean, context: CommandContext): Promise<void> {
  if (all === names.length > 0) throw new CommandError("give names of containers, or --all", 125);
  const { enterRootlessNamespace } = await import("../../runtime/network/users/rootless-namespace.ts");
  enterRootlessNamespace(context);
  const { reloadNetworks } = await import("../../runtime/network/reload-networks.ts");
  const { reloaded, failed, unread } = await reloadNetworks(context.scope, all ? undefined : names);
  context.out(reloaded.map((name) => `${name}\n`).join(""));
  const { describeFailure } = await import("../program/failure.ts");
  const failures = [
    ...failed.map(({ name, error }) => `${name}: ${describeFailure(error)}`),
    ...unread.map(describeFailure),
  ];
  if (failures.length > 0) throw new CommandError(failures.join("; "), 125);
}

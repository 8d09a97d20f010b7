import type { Command } from "commander";
import { failedWith } from "../../error.ts";
import { DEFAULT_NETWORK } from "../../options/values/network.ts";
import { surveyDefinitions } from "../../state/network-definitions.ts";
import { reportUnread } from "../../state/record-format.ts";
import { filterOption } from "../output/filters.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { confirmRemoval } from "../program/confirmation.ts";
import { chooseNetworks } from "./network-ls.ts";
import { stopResourceServiceOf } from "./stop-resource-service.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove the networks that no running container is in.",
  details: [
    "A service that is stopped has no container, so its networks are among them: the names are shown and the question is asked, unless there is `--force`. Filters are those of `berth network ls`.",
  ],
  examples: [{ command: "berth network prune", help: "All that are unused." }],
};

/** `berth network prune`. */
export function define(command: Command, context: CommandContext): void {
  command
    .addOption(filterOption("--filter <filter>"))
    .option("-f, --force", "do not ask")
    .action((options: { filter: readonly string[]; force?: boolean }) => prune(options.filter, options.force, context));
}

async function prune(filter: readonly string[], force: boolean | undefined, context: CommandContext): Promise<void> {
  const { enterRootlessNamespace } = await import("../../runtime/network/users/rootless-namespace.ts");
  const { namesOfUsers } = await import("../../runtime/network/network-users.ts");
  const { removeNetwork } = await import("../../runtime/network/remove-network.ts");
  enterRootlessNamespace(context);
  const { records, unread } = surveyDefinitions(context.scope);
  const unused = chooseNetworks(records, filter, context)
    .filter((network) => network.name !== DEFAULT_NETWORK && namesOfUsers(context.scope, network).length === 0)
    .map(({ name }) => name);
  if (!force && unused.length > 0 && !(await confirmRemoval("networks", unused, context))) return;
  for (const name of unused) {
    try {
      await removeNetwork(context.scope, name);
      await stopResourceServiceOf("network", name, context);
      context.out(`${name}\n`);
    } catch (error) {
      // Since the listing, a container has begun to use the network, or it has been removed.
      if (!failedWith(error, "network-in-use", "no-such-network")) throw error;
    }
  }
  reportUnread({ unread });
}

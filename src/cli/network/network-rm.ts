import type { Command } from "commander";
import { failedWith } from "../../error.ts";
import { userNamespaceOwner } from "../../runtime/user-namespace/enter.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { forEachName, REMOVAL_EXIT_CODES } from "../program/for-each-name.ts";
import { stopResourceServiceOf } from "./stop-resource-service.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove networks.",
  details: [
    "A network that containers are in is not removed, unless `--force` stops their services first. The service of a `.network` file that has made it is stopped too, and makes it again when it is started next.",
  ],
  examples: [{ command: "berth network rm back", help: "Remove one." }],
};

interface Options {
  readonly force?: boolean;
  readonly ignore?: boolean;
}

/** `berth network rm`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<network...>", "names or IDs")
    .option("-f, --force", "stop the containers that are in it first; do not fail for a network that there is not")
    .option("--ignore", "do not fail for a network that there is not")
    .action((names: string[], options: Options) => remove(names, options, context));
}

async function remove(names: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const { enterRootlessNamespace } = await import("../../runtime/network/users/rootless-namespace.ts");
  const { findNetwork } = await import("../../state/network-definitions.ts");
  const { removeNetwork } = await import("../../runtime/network/remove-network.ts");
  const { scope, env } = context;
  if (scope.kind === "user" && userNamespaceOwner(env) === undefined) {
    // Inside the namespaces of a user's bridges the user's manager cannot be reached.
    if (options.force) {
      const found = names.flatMap((name) => {
        try {
          return findNetwork(scope, name).name;
        } catch (error) {
          if (failedWith(error, "no-such-network")) return [];
          throw error;
        }
      });
      for (const name of found) await stopUsers(name, context);
    }
    enterRootlessNamespace(context);
  }
  await forEachName(names, REMOVAL_EXIT_CODES, async (name) => {
    try {
      if (options.force && scope.kind === "system") await stopUsers(findNetwork(scope, name).name, context);
      await stopResourceServiceOf("network", await removeNetwork(scope, name), context);
    } catch (error) {
      const missing = failedWith(error, "no-such-network");
      if (missing && (options.force || options.ignore)) return;
      throw error;
    }
    context.out(`${name}\n`);
  });
}

/** Stops the services of the containers in a network. */
async function stopUsers(network: string, context: CommandContext): Promise<void> {
  const { networkUsers } = await import("../../runtime/network/network-users.ts");
  const { readRecord } = await import("../../state/container-record.ts");
  const { readPod } = await import("../../state/pod-record.ts");
  const users = networkUsers(context.scope, network);
  const units = users.flatMap(({ owner, name }) => {
    const pod = readPod(context.scope, name);
    return (readRecord(context.scope, owner) ?? (pod?.id === owner ? pod : undefined))?.unit ?? [];
  });
  if (units.length < users.length)
    throw new CommandError(`network ${network} is in use by what no service of berth's stops`, 2);
  if (units.length === 0) return;
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  await withManager(context.scope, context.env, async (manager) => {
    await Promise.all(units.map((unit) => manager.stop(unit)));
  });
}

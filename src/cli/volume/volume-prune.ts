import type { Command } from "commander";
import type { Volume } from "../../state/volume-record.ts";
import { stopResourceServiceOf } from "../network/stop-resource-service.ts";
import { filterOption } from "../output/filters.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { confirmRemoval } from "../program/confirmation.ts";
import { installedNames } from "../units/installed-names.ts";
import { chooseVolumes } from "./volume-ls.ts";

interface Options {
  readonly all?: boolean;
  readonly filter: readonly string[];
  readonly force?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove the volumes without a name of their own that no container uses.",
  details: [
    "With `--all` those with names go as well, but for the ones that installed files name (a `.volume` file, `Volume=`, `Mount=`): a service that is stopped has no container, and its data stay. The names are shown and the question is asked, unless there is `--force`. Filters are those of `berth volume ls`.",
  ],
  examples: [
    { command: "berth volume prune", help: "Those that berth has named." },
    {
      command: "berth volume prune --all --force --filter label=org.example.stage=test",
      help: "Some, without being asked.",
    },
  ],
};

/** `berth volume prune`. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("-a, --all", "also volumes with names, but for those of installed files")
    .addOption(filterOption("--filter <filter>"))
    .option("-f, --force", "do not ask")
    .action(async (options: Options) => prune(options, context));
}

/** A name that berth chose, as `berth volume create` does when it is given none. */
const NAMELESS = /^[0-9a-f]{64}$/;

async function prune({ all, filter, force }: Options, context: CommandContext): Promise<void> {
  const { scope } = context;
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const { pruneVolumes, unusedVolumes } = await import("../../runtime/volume/remove.ts");
  const { surveyVolumes } = await import("../../state/volume-record.ts");
  const { records, unread } = surveyVolumes(scope);
  const { volumes: named } = installedNames(context);
  const wanted = ({ name }: Volume) => (all === true || NAMELESS.test(name)) && !named(name);
  const unused = chooseVolumes(unusedVolumes(scope, records).filter(wanted), filter, context);
  const names = unused.map(({ name }) => name);
  if (!force && unused.length > 0 && !(await confirmRemoval("volumes and all data in them", names, context))) return;
  for (const name of pruneVolumes(scope, unused)) {
    await stopResourceServiceOf("volume", name, context);
    context.out(`${name}\n`);
  }
  (await import("../../state/record-format.ts")).reportUnread({ unread });
}

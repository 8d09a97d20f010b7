import type { Command } from "commander";
import { stopResourceServiceOf } from "../network/stop-resource-service.ts";
import { filterOption } from "../output/filters.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { confirmRemoval } from "../program/confirmation.ts";
import { chooseVolumes } from "./volume-ls.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove the volumes that no running container uses.",
  details: [
    "A service that is stopped has no container, so its volumes are among them: the names are shown and the question is asked, unless there is `--force`. Filters are those of `berth volume ls`.",
  ],
  examples: [
    { command: "berth volume prune", help: "All that are unused." },
    { command: "berth volume prune --force --filter label=org.example.stage=test", help: "Some, without being asked." },
  ],
};

/** `berth volume prune`. */
export function define(command: Command, context: CommandContext): void {
  command
    .addOption(filterOption("--filter <filter>"))
    .option("-f, --force", "do not ask")
    .action(async (options: { filter: readonly string[]; force?: boolean }) => prune(options, context));
}

async function prune(
  { filter, force }: { filter: readonly string[]; force?: boolean },
  context: CommandContext,
): Promise<void> {
  const { scope } = context;
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const { pruneVolumes, unusedVolumes } = await import("../../runtime/volume/remove.ts");
  const { surveyVolumes } = await import("../../state/volume-record.ts");
  const { records, unread } = surveyVolumes(scope);
  const unused = chooseVolumes(unusedVolumes(scope, records), filter, context);
  const names = unused.map(({ name }) => name);
  if (!force && unused.length > 0 && !(await confirmRemoval("volumes and all data in them", names, context))) return;
  for (const name of pruneVolumes(scope, unused)) {
    await stopResourceServiceOf("volume", name, context);
    context.out(`${name}\n`);
  }
  (await import("../../state/record-format.ts")).reportUnread({ unread });
}

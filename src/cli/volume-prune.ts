import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
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
  const collect = (value: string, before: readonly string[]) => [...before, value];
  command
    .addOption(new Option("--filter <filter>", "only those; can be repeated").argParser(collect).default([]))
    .option("-f, --force", "do not ask")
    .action(async (options: { filter: readonly string[]; force?: boolean }) => prune(options, context));
}

async function prune(
  { filter, force }: { filter: readonly string[]; force?: boolean },
  context: CommandContext,
): Promise<void> {
  const { scope } = context;
  const { enterUserNamespace } = await import("../runtime/user-namespace.ts");
  enterUserNamespace(scope, context.env);
  const { pruneVolumes, unusedVolumes } = await import("../runtime/volume/remove.ts");
  const { listVolumes } = await import("../runtime/volume/volume.ts");
  const unused = chooseVolumes(unusedVolumes(scope, listVolumes(scope)), filter, context);
  if (!force && unused.length > 0 && !(await confirm(unused.map(({ name }) => name)))) return;
  context.out(
    pruneVolumes(scope, unused)
      .map((name) => `${name}\n`)
      .join(""),
  );
}

async function confirm(names: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandError("nobody can be asked: give --force to remove volumes", 125);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const list = names.map((name) => `  ${name}\n`).join("");
    const answer = await asked.question(`These volumes and all data in them will be removed:\n${list}Go on? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asked.close();
  }
}

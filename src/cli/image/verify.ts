import type { Command } from "commander";
import { openStore } from "../../image/store/store.ts";
import { readContainerUse } from "../../state/image-use.ts";
import { plainText } from "../output/plain-text.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Check every image, blob and layer in the store. Ends with 1 if something is wrong.",
  details: [
    "`--repair` takes what is damaged out of the way: a pull brings a blob back, the next start unpacks a layer again, and a damaged index.json is made anew. Images then have lost their names; pull them again. Layers that a container has mounted are left.",
  ],
  examples: [
    { command: "berth verify", help: "Read the whole store." },
    { command: "berth verify --repair", help: "Make the store sound again after a disk has damaged it." },
  ],
};

/** `berth verify`: reads the whole store and reports damage. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("--repair", "remove what is damaged, so that the next pull or start brings it back")
    .action(async (options: { readonly repair?: true }) => verify(context, options.repair === true));
}

async function verify(context: CommandContext, repair: boolean): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const store = openStore(context.scope.stateDir);
  if (repair)
    for (const done of await store.repair(() => readContainerUse(context.scope))) context.out(`${plainText(done)}\n`);
  const problems = await store.verify();
  for (const { where, message } of problems) context.err(`${plainText(`${where}: ${message}`)}\n`);
  if (problems.length > 0) process.exitCode = 1;
  else context.out("The store is sound.\n");
}

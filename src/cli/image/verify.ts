import type { Command } from "commander";
import { openStore } from "../../image/store/store.ts";
import { plainText } from "../output/plain-text.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Check every image, blob and layer in the store. Ends with 1 if something is wrong.",
  examples: [{ command: "berth verify", help: "Read the whole store." }],
};

/** `berth verify`: reads the whole store and reports damage. */
export function define(command: Command, context: CommandContext): void {
  command.action(async () => verify(context));
}

async function verify(context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const problems = await openStore(context.scope.stateDir).verify();
  for (const { where, message } of problems) context.err(`${plainText(`${where}: ${message}`)}\n`);
  if (problems.length > 0) process.exitCode = 1;
  else context.out("The store is sound.\n");
}

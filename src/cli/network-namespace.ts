import type { Command } from "commander";
import { makeSharedNamespace } from "../runtime/network/shared-namespace.ts";
import { createNotifier } from "../runtime/notify.ts";
import { enterUserNamespace } from "../runtime/user-namespace.ts";
import { type CommandContext, CommandError } from "./command.ts";

/** `berth network-namespace`: ExecStart= of berth-networks.service. */
export function define(command: Command, context: CommandContext): void {
  command.action(async () => {
    if (context.scope.kind === "system") throw new CommandError("the machine's networks need no namespace", 125);
    enterUserNamespace(context.scope, context.env);
    const { pid } = await makeSharedNamespace(context.scope);
    createNotifier(context.env.NOTIFY_SOCKET).payload(pid, true);
  });
}

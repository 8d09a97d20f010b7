import type { Command } from "commander";
import { startRootlessDns } from "../../runtime/network/users/rootless-dns.ts";
import { startRootlessPasta } from "../../runtime/network/users/rootless-pasta.ts";
import { createNotifier } from "../../runtime/systemd/notify.ts";
import { type CommandContext, CommandError } from "../program/command.ts";

/** `berth network-namespace`: ExecStart= of berth-networks-pasta.service and berth-networks-dns.service. */
export function define(command: Command, context: CommandContext): void {
  const { scope, env } = context;
  command.argument("<process>", "pasta or names").action(async (which: string) => {
    if (scope.kind === "system") throw new CommandError("the machine's networks need no namespace", 125);
    if (which !== "pasta" && which !== "names") throw new CommandError(`no such process: ${which}`, 125);
    const { pid } = await (which === "pasta" ? startRootlessPasta : startRootlessDns)(context);
    createNotifier(env.NOTIFY_SOCKET).payload(pid, true);
  });
}

import type { Command } from "commander";
import { becomeSocketProxy } from "../../runtime/container/socket-proxy.ts";
import { findContainer } from "../../state/find-container.ts";
import type { CommandContext } from "../program/command.ts";

/** `berth socket-proxy`: ExecStart= of the proxy that SocketProxy= makes. */
export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption("--unit <unit>", "the service whose payload is to be reached")
    .option("--exit-idle-time <time>", "end when nothing has been connected for so long")
    .argument("<port>", "TCP port that the payload listens on")
    .action(async (port: string, { unit, exitIdleTime }: { unit: string; exitIdleTime?: string }) => {
      await becomeSocketProxy(
        context.scope,
        findContainer(context.scope, unit),
        Number(port),
        exitIdleTime,
        context.env,
      );
    });
}

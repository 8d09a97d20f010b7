import type { Command } from "commander";
import { findContainer } from "../runtime/find-container.ts";
import { becomeSocketProxy } from "../runtime/socket-proxy.ts";
import type { CommandContext } from "./command.ts";

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

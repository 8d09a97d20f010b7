import type { Command } from "commander";
import { stopPayload } from "../runtime/stop-payload.ts";
import type { CommandContext } from "./command.ts";

/** `berth stop-payload`: ExecStop= of units that leave the stop signal to the image. */
export function define(command: Command, context: CommandContext): void {
  command.requiredOption("--unit <unit>", "the service whose payload is to stop").action(async () => {
    const id = context.env.INVOCATION_ID;
    if (id !== undefined) await stopPayload(context.scope, id);
  });
}

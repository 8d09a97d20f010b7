import type { Command } from "commander";
import { stopPayload } from "../../runtime/container/stop-payload.ts";
import type { CommandContext } from "../program/command.ts";

/** systemd's "infinity". */
const USEC_INFINITY = 2n ** 64n - 1n;

/** `berth stop-payload`: ExecStop= of units that leave the stop signal to the image. */
export function define(command: Command, context: CommandContext): void {
  command
    .requiredOption("--unit <unit>", "the service whose payload is to stop")
    .action(async ({ unit }: { unit: string }) => {
      const id = context.env.INVOCATION_ID;
      if (id === undefined) return;
      await stopPayload(context.scope, id, () => unitStopTimeout(unit, context));
      // D-Bus may accept a connection and never answer.
      process.exit();
    });
}

/** The unit's TimeoutStopSec= in milliseconds. */
async function unitStopTimeout(unit: string, context: CommandContext): Promise<number> {
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  const { TimeoutStopUSec } = await withManager(context.scope, context.env, (manager) => manager.properties(unit));
  const microseconds = TimeoutStopUSec as bigint;
  return microseconds === USEC_INFINITY ? Number.POSITIVE_INFINITY : Number(microseconds) / 1000;
}

import type { Command } from "commander";
import { RuntimeError } from "../runtime/error.ts";
import { findContainer } from "../runtime/find-container.ts";
import { terminatePayload } from "../runtime/stop-payload.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { serviceName } from "./unit-names.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Stop containers.",
  details: [
    "A container that is a service is stopped as `systemctl stop` does it; one in somebody's shell gets its stop signal, and SIGKILL when its time is over.",
  ],
  examples: [{ command: "berth stop web", help: "Stop the container of web.service, or of the name web." }],
};

/** `berth stop`: stops the container's unit, or, for one in somebody's shell, asks it to end. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<container...>", "names, services or IDs").action(async (words: string[]) => {
    for (const word of words) await stop(word, context);
  });
}

async function stop(word: string, context: CommandContext): Promise<void> {
  const unit = unitToStop(word, context);
  if (unit === undefined) {
    const record = findContainer(context.scope, word);
    return terminatePayload(context.scope, record, record.stopTimeout * 1000);
  }
  const { withManager } = await import("../runtime/systemd.ts");
  const result = await withManager(context.scope, context.env, async (manager) => {
    const [state] = await manager.units([unit]);
    if (state?.loadState === "not-found") throw new CommandError(`no container and no unit ${word}`, 125);
    return manager.stop(unit);
  });
  if (result !== "done") throw new CommandError(`stop ${unit}: ${result}`, 1);
  context.out(`${word}\n`);
}

/** The service of a container; for a word that names no container, the service of that name. */
function unitToStop(word: string, context: CommandContext): string | undefined {
  try {
    return findContainer(context.scope, word).unit;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "no-such-container") return serviceName(word);
    throw error;
  }
}

import { mkdirSync } from "node:fs";
import type { Command } from "commander";
import { currentLoginuid, recordCaller } from "../runtime/loginuid.ts";
import { type CommandContext, CommandError } from "./command.ts";
import { serviceName } from "./unit-names.ts";

/** `berth start`: `systemctl start`, and for LoginUID=caller a note of who asked. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<unit...>", "services to start, with or without .service")
    .addHelpText("after", "\nExample:\n  sudo berth start app\n")
    .action(async (units: string[]) => start(units.map(serviceName), context));
}

async function start(units: readonly string[], context: CommandContext): Promise<void> {
  const { withManager } = await import("../runtime/systemd.ts");
  const caller = context.scope.kind === "system" ? currentLoginuid() : undefined;
  const failed: string[] = [];
  await withManager(context.scope, context.env, async (manager) => {
    for (const unit of units) {
      if (caller !== undefined) {
        recordCaller(context.scope, unit, caller, (path) => mkdirSync(path, { recursive: true, mode: 0o700 }));
      }
      const result = await manager.start(unit);
      if (result !== "done") failed.push(`${unit}: ${result}`);
    }
  });
  if (failed.length > 0)
    throw new CommandError(`start ${failed.join(", ")} (see systemctl status and journalctl -u)`, 1);
}

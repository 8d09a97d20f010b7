import { mkdirSync } from "node:fs";
import type { Command } from "commander";
import { currentLoginuid, recordCaller, takeCaller } from "../runtime/loginuid.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { serviceName } from "./unit-names.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Start services, and note who asked for it.",
  details: [
    "As `systemctl start`. If the service has `LoginUID=caller`, its container gets the audit login uid of whoever calls `berth start`. The note is root's own file and is used once, so nobody can claim to be somebody else.",
  ],
  examples: [{ command: "sudo berth start app", help: "Start app.service; sudo keeps the audit login uid." }],
};

/** `berth start`: `systemctl start`, and for LoginUID=caller a note of who asked. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<unit...>", "services to start, with or without .service")
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
      try {
        const result = await manager.start(unit);
        if (result !== "done") failed.push(`${unit}: ${result}`);
      } finally {
        // Still there if nothing was started (it ran already, say): a later start is not this caller's.
        takeCaller(context.scope, unit);
      }
    }
  });
  if (failed.length > 0)
    throw new CommandError(`start ${failed.join(", ")} (see systemctl status and journalctl -u)`, 1);
}

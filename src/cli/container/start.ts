import type { Command } from "commander";
import { currentLoginuid, recordCaller, takeCaller } from "../../runtime/container/loginuid.ts";
import type { JobResult, SystemdManager } from "../../runtime/systemd/systemd.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { lastMessages, whereToLook } from "../program/unit-messages.ts";
import { serviceName } from "../program/unit-names.ts";
import { showWaiting, startStatus } from "../program/waiting.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Start services, and note who asked for it.",
  details: [
    "As `systemctl start`. If the service has `LoginUID=caller`, its container gets the audit login uid of whoever calls `berth start`. The note is root's own file and is used once, so nobody can claim to be somebody else.",
  ],
  examples: [{ command: "sudo berth start app", help: "Start app.service; sudo keeps the audit login uid." }],
};

/** `berth start`: `systemctl start`, and for LoginUID=caller a note of the caller. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<unit...>", "services to start, with or without .service")
    .action(async (words: string[]) => start(words.map(serviceName), context));
}

async function start(units: readonly string[], context: CommandContext): Promise<void> {
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  const failed: string[] = [];
  await withManager(context.scope, context.env, async (manager) => {
    for (const unit of units) {
      const since = Date.now();
      const result = await startOne(manager, unit, context);
      if (result === undefined) failed.push(`${unit}: there is no such unit`);
      else if (result !== "done") failed.push(await explain(manager, unit, result, since, context));
    }
  });
  if (failed.length > 0) throw new CommandError(`start ${failed.join("; ")}`, 1);
}

/** Shows the last messages of the units at fault, and returns why the start failed. */
async function explain(
  manager: SystemdManager,
  unit: string,
  result: JobResult,
  since: number,
  context: CommandContext,
): Promise<string> {
  const needed = result === "dependency" ? await failedNeeds(manager, unit) : [];
  const [reason = unit] = needed;
  for (const name of needed.length === 0 ? [unit] : needed) context.err(lastMessages(name, since, context));
  return `${unit}: ${[result, ...needed].join(" ")} (${whereToLook(reason, context)})`;
}

/**
 * The failed services among those that a unit needs, directly or not: a pod, say, or the network of a pod. systemd only
 * reports that a dependency failed.
 */
async function failedNeeds(manager: SystemdManager, unit: string, seen = new Set<string>()): Promise<string[]> {
  seen.add(unit);
  const { Requires, BindsTo } = await manager.properties(unit);
  const needs = new Set([...(Requires as string[]), ...(BindsTo as string[])]);
  const services = [...needs].filter((name) => name.endsWith(".service") && !seen.has(name));
  const failed: string[] = [];
  for (const { name, activeState } of services.length === 0 ? [] : await manager.units(services)) {
    // A failed service that will be restarted is "activating".
    if (activeState === "failed" || activeState === "activating") failed.push(name);
    else if (activeState === "inactive") failed.push(...(await failedNeeds(manager, name, seen)));
  }
  return failed;
}

/** How the start of a unit ended; undefined if there is no such unit. */
async function startOne(
  manager: SystemdManager,
  unit: string,
  context: CommandContext,
): Promise<JobResult | undefined> {
  // The container knows the unit by its real name; `unit` may be an alias (Alias=).
  const { Id, LoadState } = await manager.properties(unit);
  if (LoadState === "not-found") return undefined;
  const name = String(Id);
  const caller = context.scope.kind === "system" ? currentLoginuid() : undefined;
  if (caller !== undefined) recordCaller(context.scope, name, caller);
  try {
    return await showWaiting(manager.start(name), () => startStatus(manager, name), context);
  } finally {
    // If nothing was started (the unit ran already, say) the note is still there, and would be a later start's.
    takeCaller(context.scope, name);
  }
}

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { failedWith } from "../../error.ts";
import { terminatePayload } from "../../runtime/container/stop-payload.ts";
import { callingService } from "../../runtime/oci-runtime/container-cgroup.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { findContainer } from "../../state/find-container.ts";
import { containerPaths } from "../../state/paths.ts";
import { isAlive } from "../../system/process-identity.ts";
import { isUnitName } from "../../unit/unit-name.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { serviceName } from "../program/unit-names.ts";
import { showWaiting, stopStatus } from "../program/waiting.ts";

/** How long to wait for the cleanup after a payload, and how often to look: milliseconds. */
const CLEANUP_MS = 10_000;
const POLL_MS = 20;

/** The exit code for a word that means no container and no service. */
const NO_SUCH = 125;

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Stop containers.",
  details: [
    "A container that is a service is stopped as `systemctl stop` does it; one in somebody's shell gets its stop signal, and SIGKILL when its time is over.",
  ],
  examples: [{ command: "berth stop web", help: "Stop the container of web.service, or of the name web." }],
};

/** `berth stop`: stops the container's unit; a container in the foreground of a shell gets its stop signal. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<container...>", "names, services or IDs")
    .option("-i, --ignore", "do not fail for a container that there is not")
    .action(async (words: string[], { ignore }: { readonly ignore?: true }) => {
      const failed: CommandError[] = [];
      for (const word of words) {
        const problem = await stop(word, context);
        if (problem === undefined) context.out(`${word}\n`);
        else if (!(ignore && problem.exitCode === NO_SUCH)) failed.push(problem);
      }
      const [first] = failed;
      if (first !== undefined) throw new CommandError(failed.map(({ message }) => message).join("; "), first.exitCode);
    });
}

/** Stops one container. Returns the error, because the others are to be stopped all the same. */
async function stop(word: string, context: CommandContext): Promise<CommandError | undefined> {
  const unit = unitToStop(word, context);
  if (unit === undefined) {
    const record = findContainer(context.scope, word);
    await terminatePayload(context.scope, record, async () => record.stopTimeout * 1000);
    await untilCleanedUp(context.scope, record);
    return undefined;
  }
  // systemd stops it already, or starts it (ExecStartPre=): a job for it would wait for this process, or end it.
  if (unit === callingService()) return undefined;
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  return withManager(context.scope, context.env, async (manager) => {
    const [state] = isUnitName(unit) ? await manager.units([unit]) : [];
    if (state === undefined || state.loadState === "not-found")
      return new CommandError(`no container and no unit ${word}`, NO_SUCH);
    // A transient unit is gone with its end, and its result with it.
    await manager.hold(unit);
    const result = await showWaiting(manager.stop(unit), () => stopStatus(manager, unit), context);
    const { Result } = await manager.properties(unit);
    if (Result === "timeout") context.err(`berth: warning: ${unit} did not end within its stop timeout: killed\n`);
    return result === "done" ? undefined : new CommandError(`stop ${unit}: ${result}`, 1);
  });
}

/** The service of a container; for a word that means no container, the service of that name. */
function unitToStop(word: string, context: CommandContext): string | undefined {
  try {
    return findContainer(context.scope, word).unit;
  } catch (error) {
    if (failedWith(error, "no-such-container")) return serviceName(word);
    throw error;
  }
}

/**
 * Waits for the cleanup after a container in the foreground, which its own processes do. As ExecStop= of a service that
 * runs one, this has to be over before systemd kills what is left of the service. Nobody cleans up after processes that
 * were killed, before the next start.
 */
async function untilCleanedUp(scope: Scope, { id, launcher }: ContainerRecord): Promise<void> {
  const until = performance.now() + CLEANUP_MS;
  const isAtWork = () => isAlive(launcher) && existsSync(containerPaths(scope, id).bundle);
  while (performance.now() < until && isAtWork()) await sleep(POLL_MS);
}

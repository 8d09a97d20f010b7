import type { Command } from "commander";
import { failedWith } from "../../error.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { findContainer } from "../../state/find-container.ts";
import { execve } from "../../system/exec.ts";
import { runProgram } from "../../system/process.ts";
import { findProgram } from "../../system/programs.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { serviceName } from "../program/unit-names.ts";

interface LogsOptions {
  follow?: boolean;
  tail?: string;
  since?: string;
  until?: string;
  timestamps?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what a container printed, from the journal.",
  details: [
    "The output of a container is a stream of the journal, so `journalctl -u` has it as well, with systemd's own messages. What a container in the foreground printed went to its terminal.",
  ],
  examples: [{ command: "berth logs -f --tail 20 web", help: "The last 20 lines, and what comes." }],
};

/** `berth logs`: what the payload printed, from the journal. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<container>", "name, service or ID")
    .option("-f, --follow", "go on as more comes")
    .option("-n, --tail <lines>", "only the last lines")
    .option("--since <time>", "from this time on (journalctl's forms)")
    .option("--until <time>", "up to this time")
    .option("-t, --timestamps", "with the time of each line")
    .action((container: string, options: LogsOptions) => logs(container, options, context));
}

function logs(container: string, options: LogsOptions, context: CommandContext): never {
  const journalctl = findProgram("journalctl");
  const record = findOrUndefined(container, context);
  if (record !== undefined && record.unit === undefined) {
    throw new CommandError(`${record.name} runs in somebody's shell: its output went there, not to the journal`, 125);
  }
  // The unit of a container that has ended may have entries all the same.
  const unit = record?.unit ?? serviceName(container);
  // Output of the payload arrives by the stream transport; systemd's own messages about the unit do not.
  const wanted = [...unitMatches(unit, context), "_TRANSPORT=stdout", "--quiet"];
  if (record === undefined && !options.follow && !hasEntries(wanted)) {
    throw new CommandError(`no container ${container} is running, and the journal has nothing of ${unit}`, 125);
  }
  const args = [
    "journalctl",
    ...wanted,
    "--output",
    options.timestamps ? "short-iso" : "cat",
    ...(options.follow ? ["--follow"] : ["--no-pager"]),
    "--lines",
    options.tail ?? "all",
    ...(options.since === undefined ? [] : ["--since", options.since]),
    ...(options.until === undefined ? [] : ["--until", options.until]),
  ];
  execve(journalctl, args, context.env);
}

/**
 * Matches for a service's output, including what it wrote to /dev/stdout by name; for the system's services journalctl
 * adds that itself (OBJECT_SYSTEMD_UNIT=).
 */
function unitMatches(unit: string, { scope }: CommandContext): string[] {
  if (scope.kind === "system") return ["--unit", unit];
  return ["--user-unit", unit, "--user-unit", `berth-log@${unit.replace(/\.service$/, "")}.service`];
}

function findOrUndefined(container: string, context: CommandContext): ContainerRecord | undefined {
  try {
    return findContainer(context.scope, container);
  } catch (error) {
    if (failedWith(error, "no-such-container")) return undefined;
    throw error;
  }
}

function hasEntries(wanted: readonly string[]): boolean {
  const words = [...wanted, "--lines=1", "--output=cat", "--no-pager"];
  return runProgram("journalctl", words, { stdout: "pipe", stderr: "ignore" }).stdout.length > 0;
}

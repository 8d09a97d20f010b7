import type { Command } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { LogOutput } from "./log-output.ts";
import { journalTime } from "./log-time.ts";
import { findLogs } from "./log-unit.ts";

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
    "The container may have ended: its name, its service and its ID are looked for in the journal. Lines that journald has split are one again.",
    "Times are what docker and podman take (`10m` before now, seconds since 1970, RFC 3339), and what journalctl does (`yesterday`, `-1h`).",
  ],
  examples: [
    { command: "berth logs -f --tail 20 web", help: "The last 20 lines, and what comes until the container ends." },
    { command: "berth logs --since 10m web", help: "What it printed in the last ten minutes." },
  ],
};

/** `berth logs`: what the payload printed, from the journal. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<container>", "name, service or ID")
    .option("-f, --follow", "go on as more comes, until the container ends")
    .option("-n, --tail <lines>", "only the last lines")
    .option("--since <time>", "from this time on")
    .option("--until <time>", "up to this time")
    .option("-t, --timestamps", "with the time of each line")
    .action((container: string, options: LogsOptions) => logs(container, options, context));
}

async function logs(container: string, options: LogsOptions, context: CommandContext): Promise<void> {
  const tail = parseTail(options.tail);
  const { matches, record } = await findLogs(container, context);
  const now = Date.now();
  const since = options.since === undefined ? [] : [`--since=${journalTime(options.since, now)}`];
  const until = options.until === undefined ? [] : [`--until=${journalTime(options.until, now)}`];
  const output = new LogOutput(context, options.timestamps === true, since, [...until, ...matches]);
  if (tail === undefined) await output.all();
  else await output.last(tail);
  if (options.follow && record !== undefined) await output.follow(record);
  await output.end();
}

/** The number of lines; undefined for all. */
function parseTail(text: string | undefined): number | undefined {
  if (text === undefined || text === "all" || text === "-1") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(`--tail ${text}: a number of lines, or all, is expected`, 125);
}

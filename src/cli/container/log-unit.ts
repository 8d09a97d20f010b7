import { failedWith } from "../../error.ts";
import { nameForOthers } from "../../generator/reading/resource-name.ts";
import { findSources, searchDirectories } from "../../generator/reading/search.ts";
import { parseSource } from "../../generator/reading/source.ts";
import { readJournal } from "../../runtime/systemd/journal.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { findContainer } from "../../state/find-container.ts";
import { runProgram } from "../../system/process.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { outputMatches } from "../program/unit-messages.ts";
import { serviceName } from "../program/unit-names.ts";

/** Where the output of a container is. */
export interface LogPlace {
  /** journalctl's arguments that choose it. */
  readonly matches: readonly string[];
  /** The container that runs now; undefined for one that has ended. */
  readonly record: ContainerRecord | undefined;
}

/**
 * Finds a container's output by any of its names: its own, its service's, an ID; of a container that has ended too.
 * Throws CommandError if the journal has nothing.
 */
export async function findLogs(word: string, context: CommandContext): Promise<LogPlace> {
  const record = findOrUndefined(word, context);
  if (record !== undefined) {
    if (record.unit === undefined)
      throw new CommandError(`${record.name} runs in somebody's shell: its output went there, not to the journal`, 125);
    return { matches: outputMatches(record.unit, context), record };
  }
  const place = (await latestOf(unitsNamed(word, context), context)) ?? (await byId(word, context));
  if (place !== undefined) return { matches: place, record };
  const service = serviceName(word);
  const matches = outputMatches(service, context);
  if ((await lastTime(matches)) !== undefined) return { matches, record };
  throw new CommandError(`no container ${word} is running, and the journal has nothing of ${service}`, 125);
}

/** The services that are, or have been, berth's for a container or service of this name. */
function unitsNamed(word: string, { scope, env }: CommandContext): readonly string[] {
  const { directories } = searchDirectories({ scope: scope.kind, uid: scope.uid, env });
  const installed = findSources(directories).flatMap((source) => {
    const parsed = parseSource(source);
    if (parsed?.type.extension !== "container") return [];
    const service = `${parsed.serviceName.replace(/\.service$/, "")}.service`;
    return nameForOthers(parsed) === word || service === serviceName(word) ? [service] : [];
  });
  return [...new Set([serviceName(`berth-${word.replace(/\.service$/, "")}`), ...installed])];
}

/** Of several services the one that said something last. */
async function latestOf(units: readonly string[], context: CommandContext): Promise<readonly string[] | undefined> {
  let latest: { readonly time: bigint; readonly matches: readonly string[] } | undefined;
  for (const unit of units) {
    const matches = outputMatches(unit, context);
    const time = await lastTime(matches);
    if (time !== undefined && (latest === undefined || time > latest.time)) latest = { time, matches };
  }
  return latest?.matches;
}

async function lastTime(matches: readonly string[]): Promise<bigint | undefined> {
  for await (const { time } of readJournal(["--lines=1", ...matches])) return time;
  return undefined;
}

/** The output of one run of a service: a container's ID is its service's invocation ID. */
async function byId(word: string, context: CommandContext): Promise<readonly string[] | undefined> {
  if (!/^[0-9a-f]{12,32}$/.test(word)) return undefined;
  const field = "_SYSTEMD_INVOCATION_ID";
  const { stdout } = runProgram("journalctl", ["--quiet", `--field=${field}`], { stdout: "pipe", stderr: "ignore" });
  const ids = stdout.split("\n").filter((id) => id.startsWith(word));
  const [id] = ids;
  if (id === undefined || ids.length > 1) return undefined;
  const own = context.scope.kind === "user" ? [`_UID=${context.scope.uid}`] : [];
  const matches = [`${field}=${id}`, "_TRANSPORT=stdout", ...own];
  return (await lastTime(matches)) === undefined ? undefined : matches;
}

function findOrUndefined(container: string, context: CommandContext): ContainerRecord | undefined {
  try {
    return findContainer(context.scope, container);
  } catch (error) {
    if (failedWith(error, "no-such-container")) return undefined;
    throw error;
  }
}

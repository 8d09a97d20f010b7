import { type Command, Option } from "commander";
import { withStoreLock } from "../image/lock.ts";
import { describeVolume, filterVolumes } from "../runtime/volume/describe.ts";
import { volumeUses } from "../runtime/volume/use.ts";
import { findVolume, listVolumes, type Volume } from "../runtime/volume/volume.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { formatTable } from "./table.ts";

interface Options {
  readonly filter: readonly string[];
  readonly format: "table" | "json";
  readonly noheading?: boolean;
  readonly quiet?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List volumes.",
  details: [
    "Filters: `dangling=true` (no running container uses it), `driver=`, `label=KEY[=VALUE]`, `label!=`, `name=` (a regular expression), `opt=`, `scope=`, `since=VOLUME`, `until=TIME`. Of several of one kind any may match, labels all have to.",
  ],
  examples: [
    { command: "berth volume ls", help: "All." },
    { command: "berth volume ls -q --filter label=org.example.stage=test", help: "Names of some." },
  ],
};

/** `berth volume ls`. */
export function define(command: Command, context: CommandContext): void {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  command
    .addOption(new Option("-f, --filter <filter>", "only those; can be repeated").argParser(collect).default([]))
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .option("--noheading", "no heading over the table")
    .option("-q, --quiet", "names only")
    .action((options: Options) => list(options, context));
}

function list(options: Options, context: CommandContext): void {
  const { scope } = context;
  const volumes = chooseVolumes(listVolumes(scope), options.filter, context);
  if (options.quiet) context.out(volumes.map(({ name }) => `${name}\n`).join(""));
  else if (options.format === "json") {
    const described = volumes.map((volume) => describeVolume(scope, volume));
    context.out(`${JSON.stringify(described, null, 2)}\n`);
  } else if (volumes.length > 0) {
    const rows = volumes.map(({ driver, name }) => [driver, name]);
    const table = formatTable(["DRIVER", "VOLUME NAME"], rows);
    context.out(options.noheading ? table.slice(table.indexOf("\n") + 1) : table);
  }
}

/** Those of the volumes that the filters let through. */
export function chooseVolumes(
  volumes: readonly Volume[],
  filters: readonly string[],
  { scope }: CommandContext,
): Volume[] {
  const asksForUse = filters.some((filter) => filter.startsWith("dangling="));
  const used = asksForUse
    ? new Set(withStoreLock(scope.stateDir, "shared", () => volumeUses(scope)).keys())
    : new Set<string>();
  return filterVolumes(volumes, filters, { used, createdOf: (name) => findVolume(scope, name).created });
}

import type { Command } from "commander";
import type { UnitStatus } from "../../runtime/systemd/systemd.ts";
import { surveyRecords } from "../../state/container-record.ts";
import { reportUnread } from "../../state/record-format.ts";
import { chooseBy } from "../output/filters.ts";
import { addListingOptions, formatListing, type ListingOptions, templateFields } from "../output/output-format.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { CONTAINER_FILTERS, CONTAINER_LISTING, containerRow, unitRow } from "./container-rows.ts";

interface Options extends ListingOptions {
  readonly all?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the containers that run.",
  details: [
    "There is no list of its own: berth asks systemd and the kernel. With `--all` the services of container files that do not run are listed too.",
    "Filters: `name=` (a regular expression), `id=` (its beginning), `ancestor=` (an image), `label=KEY[=VALUE]`, `label!=`, `network=`, `pod=`, `status=` (created, running, paused, stopping, exited, or without a container a state of systemd's), `unit=`, `volume=`. Of several of one kind any may match, labels all have to.",
    templateFields(CONTAINER_LISTING),
  ],
  examples: [
    { command: "berth ps", help: "What runs." },
    { command: "berth ps -a --format json", help: "Also what does not, for programs." },
    { command: "berth ps --filter pod=shop --format '{{.ID}} {{.Names}}'", help: "What runs in a pod." },
  ],
};

/** `berth ps`: containers, with what systemd says of their units. */
export function define(command: Command, context: CommandContext): void {
  command.option("-a, --all", "also the units of container files that are not running");
  addListingOptions(command, "IDs only", "whole IDs and commands");
  command.action(async (options: Options) => ps(options, context));
}

async function ps(options: Options, context: CommandContext): Promise<void> {
  const { records, unread } = surveyRecords(context.scope);
  const known = new Set(records.map(({ unit }) => unit));
  const idle = options.all ? (await containerUnits(context)).filter((unit) => !known.has(unit)) : [];
  const units = await unitStates(context, [...records.flatMap(({ unit }) => unit ?? []), ...idle]);
  const rows = [
    ...records.map((record) =>
      containerRow(context.scope, record, record.unit === undefined ? undefined : units.get(record.unit)),
    ),
    ...idle.map((unit) => unitRow(unit, units.get(unit))),
  ].filter((row) => options.all || row.Pid > 0);
  context.out(formatListing(chooseBy(rows, options.filter, CONTAINER_FILTERS), CONTAINER_LISTING, options));
  reportUnread({ unread });
}

/** Services that container files have made: what the generator says now, whether or not they were ever started. */
async function containerUnits(context: CommandContext): Promise<string[]> {
  const { findSources, searchDirectories } = await import("../../generator/reading/search.ts");
  const { generate } = await import("../../generator/generate.ts");
  const { scope, env } = context;
  const { directories } = searchDirectories({ scope: scope.kind, uid: scope.uid, env });
  const { files } = generate(findSources(directories), { scope: scope.kind, berth: process.execPath });
  // Pods, networks, volumes and images have services too; and a socket's proxy runs no container.
  // A template has no state of its own, only its instances.
  return files
    .filter(({ role, source }) => role === "service" && source?.endsWith(".container"))
    .map(({ name }) => name)
    .filter((name) => !name.includes("@."));
}

async function unitStates(context: CommandContext, names: readonly string[]): Promise<Map<string, UnitStatus>> {
  if (names.length === 0) return new Map();
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  const states = await withManager(context.scope, context.env, (manager) => manager.units(names));
  return new Map(states.map((state) => [state.name, state]));
}

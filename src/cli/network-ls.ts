import { type Command, Option } from "commander";
import type { NetworkDefinition } from "../runtime/network/definition.ts";
import { listDefinitions } from "../runtime/network/definitions.ts";
import { networkUsers } from "../runtime/network/networks.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { formatTable } from "./table.ts";

interface Options {
  readonly filter: readonly string[];
  readonly format: "table" | "json";
  readonly noheading?: boolean;
  readonly quiet?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List networks.",
  details: [
    "Filters: `name=` (part of it), `id=` (its beginning), `driver=`, `label=KEY[=VALUE]`, `dangling=true` (no container is in it). Of several of one kind any may match, labels all have to.",
  ],
  examples: [
    { command: "berth network ls", help: "All." },
    { command: "berth network ls -q --filter driver=macvlan", help: "Names of some." },
  ],
};

/** `berth network ls`. */
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
  const networks = chooseNetworks(listDefinitions(context.scope), options.filter, context);
  if (options.quiet) {
    context.out(networks.map(({ name }) => `${name}\n`).join(""));
    return;
  }
  if (options.format === "json") {
    context.out(`${JSON.stringify(networks, null, 2)}\n`);
    return;
  }
  const table = formatTable(
    ["NETWORK ID", "NAME", "DRIVER"],
    networks.map(({ id, name, driver }) => [id.slice(0, 12), name, driver]),
  );
  context.out(options.noheading ? table.slice(table.indexOf("\n") + 1) : table);
}

/** Those of the networks that the filters let through. Throws CommandError for a filter that is none. */
export function chooseNetworks(
  networks: readonly NetworkDefinition[],
  filters: readonly string[],
  { scope }: CommandContext,
): NetworkDefinition[] {
  const kinds = new Map<string, string[]>();
  for (const filter of filters) {
    const [, kind = "", value = ""] = /^([a-z]+)=(.*)$/s.exec(filter) ?? [];
    if (FILTERS[kind] === undefined)
      throw new CommandError(`--filter ${filter}: ${Object.keys(FILTERS).join("=, ")}=`, 125);
    kinds.set(kind, [...(kinds.get(kind) ?? []), value]);
  }
  const used = (name: string) => networkUsers(scope, name).length > 0;
  return networks.filter((network) =>
    [...kinds].every(([kind, values]) => {
      const matches = (value: string) => FILTERS[kind]?.(network, value, used) === true;
      return kind === "label" ? values.every(matches) : values.some(matches);
    }),
  );
}

type Filter = (network: NetworkDefinition, value: string, used: (name: string) => boolean) => boolean;

const FILTERS: Readonly<Record<string, Filter>> = {
  name: ({ name }, value) => name.includes(value),
  id: ({ id }, value) => id.startsWith(value),
  driver: ({ driver }, value) => driver === value,
  label: ({ labels }, value) => {
    const at = value.indexOf("=");
    return at < 0 ? labels[value] !== undefined : labels[value.slice(0, at)] === value.slice(at + 1);
  },
  dangling: ({ name }, value, used) => used(name) !== (value === "true"),
};

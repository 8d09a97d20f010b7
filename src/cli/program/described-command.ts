import { Command, type Option } from "commander";
import type { Flag } from "../../options/flags/flag.ts";
import { POD_FLAGS } from "../../options/flags/pod-flags.ts";
import { RUN_FLAGS } from "../../options/flags/run-flags.ts";
import { systemScope } from "../../scope.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { type CommandEntry, type CommandTable, commandNames } from "./command-table.ts";
import { optionForms, runFlagOption, synopsisOf } from "./help.ts";

/**
 * The name of a command's manual page: `berth-image-inspect`. Another name for a command has that command's page.
 */
export function pageName({ name, sameAs }: Pick<DescribedCommand, "name" | "sameAs">): string {
  return `berth-${(sameAs ?? name).replaceAll(" ", "-")}`;
}

/** A command as manual and completion describe it: its entry, its manual, its arguments and options. */
export interface DescribedCommand {
  readonly name: string;
  readonly summary: string;
  /** The command that this is another name for. */
  readonly sameAs?: string;
  /** Its other names: `pod ps`. */
  readonly otherNames: readonly string[];
  readonly manual: CommandManual;
  /** The rest of its usage line: `[options] IMAGE...`. */
  readonly synopsis: string;
  readonly arguments: readonly { readonly name: string; readonly help: string; readonly variadic: boolean }[];
  readonly options: readonly DescribedOption[];
}

export interface DescribedOption {
  /** All forms, with the placeholder of the value: `-n, --tail LINES`. */
  readonly forms: string;
  /** With dashes. */
  readonly long: string;
  readonly short?: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** What a shell offers for the value, where there are no choices. */
  readonly complete?: Flag["complete"];
  readonly default?: string;
  readonly help: string;
}

/** All commands that are not hidden, in the order of `berth --help`. */
export async function describeCommands(table: CommandTable): Promise<DescribedCommand[]> {
  const shown = table.commands.filter(({ hidden }) => !hidden);
  return Promise.all(shown.map((entry) => describeCommand(entry, table)));
}

/** Commands that read their flags by a table of their own. */
const FLAGS: Readonly<Record<string, readonly Flag[]>> = { run: RUN_FLAGS, "pod create": POD_FLAGS };

async function describeCommand(entry: CommandEntry, table: CommandTable): Promise<DescribedCommand> {
  const { name, summary, sameAs, load } = entry;
  const { define, manual } = await load();
  if (manual === undefined) throw new Error(`berth ${name} has no manual`);
  const command = new Command(name);
  define(command, NO_CONTEXT, table);
  const flags = FLAGS[name];
  const options =
    flags === undefined
      ? command.options.filter(({ hidden }) => !hidden).map(describeOption)
      : flags.filter(({ hidden }) => !hidden).map(describeFlag);
  return {
    name,
    summary,
    ...(sameAs === undefined ? {} : { sameAs }),
    otherNames: commandNames(entry).slice(1),
    manual,
    synopsis: synopsisOf(command),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name().toUpperCase(),
      help: argument.description,
      variadic: argument.variadic,
    })),
    options,
  };
}

function describeFlag(flag: Flag): DescribedOption {
  const option = describeOption(runFlagOption(flag));
  return flag.complete === undefined ? option : { ...option, complete: flag.complete };
}

function describeOption(option: Option): DescribedOption {
  return {
    forms: optionForms(option),
    long: option.long ?? "",
    ...(option.short === undefined ? {} : { short: option.short }),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    ...(typeof option.defaultValue === "string" ? { default: option.defaultValue } : {}),
    help: option.description,
  };
}

/** Commands use their context when they run, and these do not run. */
const NO_CONTEXT: CommandContext = {
  scope: systemScope(),
  env: {},
  cwd: "/",
  command: [],
  out: () => {},
  outBytes: async () => {},
  err: () => {},
  errTerminal: () => undefined,
  outIsTerminal: () => false,
  input: () => undefined,
  ask: () => undefined,
};

import type { CommandGroup } from "../cli/program/command-table.ts";
import type { DescribedCommand, DescribedOption } from "../cli/program/described-command.ts";

/** Kinds of names that `berth complete` lists. */
type ListedKind = "containers" | "images" | "networks" | "objects" | "pods" | "services" | "volumes";

/**
 * The values that complete an argument or option: fixed words, files, or names that `berth complete KIND` prints.
 */
export type Values =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" | "folders" | ListedKind | "anything" };

/** Values of arguments, by their names in usage lines. */
const ARGUMENTS: Readonly<Record<string, Values>> = {
  CONTAINER: { kind: "containers" },
  IMAGE: { kind: "images" },
  NETWORK: { kind: "networks" },
  POD: { kind: "pods" },
  VOLUME: { kind: "volumes" },
  UNIT: { kind: "services" },
  FILE: { kind: "files" },
  DIR: { kind: "folders" },
  NAME: { kind: "objects" },
};

/** Values of arguments that usage lines call NAME, by the command. */
const NAMES: Readonly<Record<string, Values>> = {
  "network create": { kind: "anything" },
  "pod create": { kind: "anything" },
};

/** By the option's long form, where neither choices nor the row of a flag say it. */
const OPTIONS: Readonly<Record<string, Values>> = {
  "--authfile": { kind: "files" },
  "--decryption-key": { kind: "files" },
  "--cert-dir": { kind: "folders" },
  "--format": { kind: "words", words: ["json"] },
  "--input": { kind: "files" },
  "--prefix": { kind: "folders" },
  "--root": { kind: "folders" },
};

/** The values of an option. */
export function optionValues({ long, choices, complete }: DescribedOption): Values {
  if (choices.length > 0) return { kind: "words", words: choices };
  if (complete !== undefined)
    return typeof complete === "string" ? { kind: complete } : { kind: "words", words: complete };
  return OPTIONS[long] ?? { kind: "anything" };
}

/** The values of the first argument and of all later ones; undefined where the command takes no arguments. */
export function argumentValues(command: DescribedCommand): { first: Values; next: Values } | undefined {
  // Commander does not read the arguments of `run`.
  if (command.name === "run") return { first: { kind: "images" }, next: { kind: "files" } };
  const [first, second] = command.arguments;
  if (first === undefined) return undefined;
  const values: Values = NAMES[command.name] ?? ARGUMENTS[first.name] ?? { kind: "anything" };
  const next: Values = second !== undefined ? { kind: "files" } : first.variadic ? values : { kind: "anything" };
  return { first: values, next };
}

/**
 * The commands under all their names. Completion does not offer the other names, but completes what follows them.
 */
export function underAllNames(commands: readonly DescribedCommand[]): DescribedCommand[] {
  return commands.flatMap((command) => [command, ...command.otherNames.map((name) => ({ ...command, name }))]);
}

/** The forms of an option: `--tail -n`. */
export function optionNames({ long, short }: DescribedOption): string[] {
  return short === undefined ? [long] : [long, short];
}

/** A command's word, with its summary. */
interface Word {
  readonly word: string;
  readonly summary: string;
}

/** The words that may follow `berth`, and those that may follow the name of each group of commands. */
export interface CompletionWords {
  readonly first: readonly string[];
  readonly described: readonly Word[];
  readonly groups: readonly { readonly name: string; readonly commands: readonly Word[] }[];
}

/** The words of all commands that are shown. */
export function completionWords(
  commands: readonly DescribedCommand[],
  commandGroups: readonly CommandGroup[],
): CompletionWords {
  const described = [
    ...commands.filter(({ name }) => !name.includes(" ")).map(({ name, summary }) => ({ word: name, summary })),
    ...commandGroups.map(({ name, summary }) => ({ word: name, summary })),
  ];
  const groups = commandGroups.map(({ name: group }) => ({
    name: group,
    commands: commands
      .filter(({ name }) => name.startsWith(`${group} `))
      .map(({ name, summary }) => ({ word: name.slice(group.length + 1), summary })),
  }));
  return { first: described.map(({ word }) => word), described, groups };
}

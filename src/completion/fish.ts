import type { DescribedCommand, DescribedOption } from "../cli/program/described-command.ts";
import { argumentValues, type CompletionWords, optionValues, underAllNames, type Values } from "./values.ts";

/** Completion for fish. */
export function fishCompletion(commands: readonly DescribedCommand[], words: CompletionWords): string {
  const { first, described, groups } = words;
  const inGroup = groups.map(({ name }) => name).join(" ");
  const lines = [
    "# fish completion for berth",
    "complete -c berth -f",
    "complete -c berth -n __fish_use_subcommand -l help -s h -d 'Show help'",
    "complete -c berth -n __fish_use_subcommand -l version -s V -d 'Show the version'",
    `complete -c berth -n '__fish_seen_subcommand_from help' -a '${first.join(" ")}'`,
    ...described.map(
      ({ word, summary }) => `complete -c berth -n __fish_use_subcommand -a ${word} -d ${quoted(summary)}`,
    ),
    ...groups.flatMap(({ name, commands: own }) => {
      const words = underAllNames(commands).flatMap((command) => {
        const [group, word = ""] = command.name.split(" ");
        return group === name && word !== "" ? [word] : [];
      });
      const none = words.join(" ");
      const here = `__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${none}`;
      return own.map(({ word, summary }) => `complete -c berth -n '${here}' -a ${word} -d ${quoted(summary)}`);
    }),
    ...underAllNames(commands).flatMap((command) => commandLines(command, inGroup)),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: DescribedCommand, groups: string): string[] {
  const { name, options } = command;
  const [group, word] = name.split(" ");
  // A word may be a command's name both alone and in a group: `berth pull`, `berth image pull`.
  const where =
    word === undefined
      ? `not __fish_seen_subcommand_from ${groups}; and __fish_seen_subcommand_from ${name}`
      : `__fish_seen_subcommand_from ${group}; and __fish_seen_subcommand_from ${word}`;
  const here = `complete -c berth -n '${where}'`;
  const argument = argumentValues(command);
  const last = name.split(" ").length + 1;
  // Names of containers have no files among them; those are offered behind the first argument only.
  const later = `complete -c berth -n '${where}; and test (__fish_number_of_cmd_args_wo_opts) -gt ${last}'`;
  return [
    ...(argument === undefined ? [] : [`${here}${valueFlags(argument.first)}`]),
    ...(argument?.next.kind === "files" && argument.first.kind !== "files" ? [`${later} -F`] : []),
    ...options.map((option) => `${here}${optionFlags(option)}`),
    `${here} -l help -d 'Show help'`,
  ];
}

function optionFlags(option: DescribedOption): string {
  const short = option.short === undefined ? "" : ` -s ${option.short.slice(1)}`;
  const values = optionValues(option);
  // -x leaves out files, except where any value is allowed.
  const required = values.kind === "anything" || values.kind === "files" ? "-r" : "-x";
  const value = option.takesValue ? ` ${required}${valueFlags(values)}` : "";
  return ` -l ${option.long.slice(2)}${short}${value} -d ${quoted(option.help)}`;
}

function valueFlags(values: Values): string {
  switch (values.kind) {
    case "words":
      return ` -a ${quoted(values.words.join(" "))}`;
    case "files":
      return " -F";
    case "folders":
      return " -a '(__fish_complete_directories)'";
    case "anything":
      return "";
    default:
      return ` -a '(berth complete ${values.kind} 2> /dev/null)'`;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

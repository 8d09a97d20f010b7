import { type Argument, type Command, Help, Option } from "commander";
import type { Flag } from "../../options/flags/flag.ts";
import type { CommandManual } from "./command.ts";

/**
 * Commander's layout of help: placeholders in capitals, as in manual pages, and options in one column.
 */
export const HELP_LAYOUT: Partial<Help> = {
  commandUsage: usageOf,
  optionTerm: (option) => (option.short === undefined ? `    ${optionForms(option)}` : optionForms(option)),
  optionDescription: describeOption,
  argumentTerm: (argument) => placeholder(argument.name()),
  subcommandTerm: (command) => command.name(),
};

/** An option's help with its choices and default; the empty list of a repeatable option is no default to show. */
function describeOption(option: Option): string {
  const { description, defaultValue, argChoices } = option;
  if (!Array.isArray(defaultValue) || argChoices !== undefined) return Help.prototype.optionDescription(option);
  return description;
}

/** `berth pull [options] IMAGE...` */
export function usageOf(command: Command): string {
  let name = command.name();
  for (let above = command.parent; above !== null; above = above.parent) name = `${above.name()} ${name}`;
  return command.usage() === "" ? name : `${name} ${synopsisOf(command)}`;
}

/** The usage line after the command's name: `[options] IMAGE...`. */
export function synopsisOf(command: Command): string {
  const { registeredArguments: registered } = command;
  if (registered.length === 0) return command.usage();
  return [...(command.options.length === 0 ? [] : ["[options]"]), ...registered.map(argumentForm)].join(" ");
}

/** `IMAGE...`, `[DIR...]` */
function argumentForm(argument: Argument): string {
  const word = `${placeholder(argument.name())}${argument.variadic ? "..." : ""}`;
  return argument.required ? word : `[${word}]`;
}

/** `-n, --tail LINES` */
export function optionForms(option: Option): string {
  return option.flags.replace(/<(.+)>$/, (_, value: string) => placeholder(value));
}

/** The flags of `berth run` in commander's form, for help. */
export function runFlagOption({ name, short, kind, value, help }: Flag): Option {
  const long = `--${name}${kind === "boolean" ? "" : ` <${value ?? "VALUE"}>`}`;
  return new Option(short === undefined ? long : `-${short}, ${long}`, help);
}

/** Placeholders in capitals, but words to be typed literally as they are (`USER|UID|caller`). */
function placeholder(text: string): string {
  return /[A-Z]/.test(text) ? text : text.toUpperCase();
}

/** The examples of a command's manual, as help shows them. */
export function exampleText({ examples }: CommandManual): string {
  const lines = examples.flatMap(({ command, help }) => [`  # ${help}`, `  ${command}`]);
  return ["", examples.length === 1 ? "Example:" : "Examples:", ...lines, ""].join("\n");
}

/** A text of the manual without its backquotes. */
export function plainText(text: string): string {
  return text.replaceAll("`", "");
}

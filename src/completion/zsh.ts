import type { DescribedCommand, DescribedOption } from "../cli/program/described-command.ts";
import {
  argumentValues,
  type CompletionWords,
  optionNames,
  optionValues,
  underAllNames,
  type Values,
} from "./values.ts";

/** Completion for zsh, to be autoloaded as `_berth`. */
export function zshCompletion(commands: readonly DescribedCommand[], words: CompletionWords): string {
  const { described, groups } = words;
  return `#compdef berth

# Names that berth tells: KIND.
_berth_names() {
  local -a names
  names=(\${(f)"$(_call_program names berth complete $1 2> /dev/null)"})
  compadd -a names
}

_berth() {
  local -a commands
  commands=(
${described.map(commandWord).join("\n")}
    'help:Show the help of a command'
  )
  if ((CURRENT == 2)); then
    if [[ $PREFIX == -* ]]; then
      compadd -- --help --version
    else
      _describe command commands
    fi
    return
  fi
  shift words
  ((CURRENT--))
  # A command of a group has its name in two words: from here on they are one.
  if [[ $words[1] == (${groups.map(({ name }) => name).join("|")}) ]]; then
    if ((CURRENT == 2)); then
      case $words[1] in
${groups.map(({ name, commands }) => `        ${name}) commands=(${commands.map((word) => commandWord(word).trim()).join(" ")}) ;;`).join("\n")}
      esac
      _describe command commands
      return
    fi
    words[2]="$words[1] $words[2]"
    shift words
    ((CURRENT--))
  fi
  case $words[1] in
${underAllNames(commands).flatMap(commandCase).join("\n")}
    help) _describe command commands ;;
  esac
}

_berth "$@"
`;
}

function commandWord({ word, summary }: { readonly word: string; readonly summary: string }): string {
  return `    ${quoted(`${word}:${summary}`)}`;
}

function commandCase(command: DescribedCommand): string[] {
  // The command inside the container completes what follows the image or the container.
  const passes = command.name === "run" || command.name === "exec";
  const values = argumentValues(command);
  const places =
    values === undefined
      ? []
      : [`1:argument:${action(values.first)}`, passes ? "*::command:_normal" : `*:argument:${action(values.next)}`];
  const specs = [...command.options.flatMap(optionSpecs), "--help[Show help]", ...places];
  return [
    `    ${quoted(command.name)})`,
    `      _arguments -s${passes ? " -A '-*'" : ""} \\`,
    `${specs.map((spec) => `        ${quoted(spec)}`).join(" \\\n")}`,
    "      ;;",
  ];
}

function optionSpecs(option: DescribedOption): string[] {
  const help = option.help.replace(/[[\]\\]/g, "\\$&");
  return optionNames(option).map((form) => {
    if (!option.takesValue) return `*${form}[${help}]`;
    return `*${form}${form.startsWith("--") ? "=" : "+"}[${help}]:value:${action(optionValues(option))}`;
  });
}

function action(values: Values): string {
  switch (values.kind) {
    case "anything":
      return " ";
    case "words":
      // A colon would end the action of a specification (zshcompsys(1), _arguments).
      return `(${values.words.join(" ").replaceAll(":", "\\:")})`;
    case "files":
      return "_files";
    case "folders":
      return "_files -/";
    default:
      return `{_berth_names ${values.kind}}`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

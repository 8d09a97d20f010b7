import type { DescribedCommand } from "../cli/program/described-command.ts";
import {
  argumentValues,
  type CompletionWords,
  optionNames,
  optionValues,
  underAllNames,
  type Values,
} from "./values.ts";

/** Completion for bash. It does not need the bash-completion package. */
export function bashCompletion(commands: readonly DescribedCommand[], words: CompletionWords): string {
  const named = underAllNames(commands);
  const groups = words.groups.map(({ name }) => name).join("|");
  return `# bash completion for berth

# Prints KIND and words for the value of an option: COMMAND OPTION. Fails if it takes none.
_berth_option() {
  case "$1 $2" in
${named.flatMap(optionCases).join("\n")}
    *) return 1 ;;
  esac
}

# The same for the arguments: COMMAND first|next.
_berth_argument() {
  case "$1 $2" in
${named.flatMap(argumentCases).join("\n")}
  esac
}

_berth_options() {
  case "$1" in
${named.map(({ name, options }) => `    '${name}') echo '${[...options.map(({ long }) => long), "--help"].join(" ")}' ;;`).join("\n")}
    '') echo '--help --version' ;;
  esac
}

_berth() {
  # bash splits words at colons, which names of images have: split the line at blanks instead.
  local line="\${COMP_LINE:0:COMP_POINT}" cur='' command='' values='' place=first skip='' word prefix
  local -a words
  read -ra words <<< "$line"
  if [[ $line != *[[:blank:]] ]]; then
    cur="\${words[-1]}"
    unset 'words[-1]'
  fi
  COMPREPLY=()
  for word in "\${words[@]:1}"; do
    if [[ -n $values ]]; then
      values=''
    elif [[ -z $command || $command == @(${groups}) ]]; then
      [[ $word == -* ]] || command="\${command:+$command }$word"
    elif [[ $place == next && $command == @(run|exec) ]]; then
      break
    elif [[ $word == -* ]]; then
      [[ $word == *=* ]] || values=$(_berth_option "$command" "$word")
    else
      place=next
    fi
  done
  prefix=''
  if [[ -n $values ]]; then
    :
  elif [[ $cur == -*=* ]]; then
    values=$(_berth_option "$command" "\${cur%%=*}")
    prefix="\${cur%%=*}="
    cur="\${cur#*=}"
  elif [[ $cur == -* ]]; then
    values="words $(_berth_options "$command")"
  elif [[ -z $command ]]; then
    values='words ${[...words.first, "help"].join(" ")}'
  elif [[ $command == help ]]; then
    values='words ${words.first.join(" ")}'
${words.groups.map(({ name, commands }) => `  elif [[ $command == ${name} ]]; then\n    values='words ${commands.map(({ word }) => word).join(" ")}'`).join("\n")}
  else
    values=$(_berth_argument "$command" "$place")
  fi
  case "$values" in
    words\\ *) COMPREPLY=($(compgen -W "\${values#words }" -- "$cur")) ;;
    files)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    folders)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    containers | images | networks | objects | pods | services | volumes)
      COMPREPLY=($(compgen -W "$(command berth complete "$values" 2> /dev/null)" -- "$cur"))
      # Readline puts what is offered in the place of what comes after the last colon.
      [[ $cur != *:* || $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}")
      ;;
  esac
  # Without = among the characters that break words, the option itself is part of the word.
  [[ -z $prefix || $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("\${COMPREPLY[@]/#/$prefix}")
}

complete -F _berth berth
`;
}

function optionCases({ name, options }: DescribedCommand): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map((option) => {
      const pattern = optionNames(option)
        .map((form) => `'${name} ${form}'`)
        .join(" | ");
      return `    ${pattern}) echo '${asWords(optionValues(option))}' ;;`;
    });
}

function argumentCases(command: DescribedCommand): string[] {
  const values = argumentValues(command);
  if (values === undefined) return [];
  return (["first", "next"] as const).map(
    (place) => `    '${command.name} ${place}') echo '${asWords(values[place])}' ;;`,
  );
}

function asWords(values: Values): string {
  return values.kind === "words" ? `words ${values.words.join(" ")}` : values.kind;
}

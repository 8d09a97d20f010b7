import type { Command, Option } from "commander";
import { switchValue } from "../../options/flags/switch.ts";

/**
 * Rewrites `--flag=true` and `--flag=false`, which podman accepts and generated units use, for commander: as `--flag`,
 * and for false as `--no-flag` or, where there is none, not at all. Other words stay as they are.
 */
export function plainBooleans(words: readonly string[], command: Command): string[] {
  const plain: string[] = [];
  let at = 0;
  for (; at < words.length && words[at] !== "--"; at++) {
    const word = words[at] ?? "";
    const equals = word.indexOf("=");
    const named = findOption(command, equals < 0 ? word : word.slice(0, equals));
    plain.push(...(named === undefined || equals < 0 || takesValue(named) ? [word] : inWords(command, word, equals)));
    // The value of an option may look like an option.
    if (named !== undefined && equals < 0 && named.required) plain.push(...words.slice(++at, at + 1));
  }
  return [...plain, ...words.slice(at)];
}

function inWords(command: Command, word: string, equals: number): string[] {
  const [name, value] = [word.slice(0, equals), word.slice(equals + 1)];
  const truth = switchValue(value);
  if (truth === undefined) return [word];
  if (truth) return [name];
  const negation = name.replace(/^--/, "--no-");
  return findOption(command, negation) === undefined ? [] : [negation];
}

function findOption(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => name === long || name === short);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

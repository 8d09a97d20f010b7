import { closest } from "../../suggest.ts";
import type { Problem } from "../values/check.ts";
import type { Flag } from "./flag.ts";
import { RUN_FLAGS } from "./run-flags.ts";

/** Values by the flag's long name: a list for repeatable flags. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A flag where it was given. */
export interface FlagOccurrence {
  readonly flag: Flag;
  /** Index of the word that names the flag. */
  readonly word: number;
  /**
   * What was given as its value, the index of the word that holds it, and where it begins there; absent for switches.
   */
  readonly value?: { readonly text: string; readonly word: number; readonly at: number };
}

export interface ParsedFlags {
  readonly flags: FlagValues;
  /** The flags one by one, in order. */
  readonly occurrences: readonly FlagOccurrence[];
  /** From the first word that is not a flag or a flag's value: the image and its command. */
  readonly rest: readonly string[];
  /** What could not be read; `word` is the index of the word concerned. */
  readonly problems: readonly (Problem & { readonly word: number })[];
}

const TRUE: readonly string[] = ["true", "1", "t"];
const FALSE: readonly string[] = ["false", "0", "f"];

/**
 * Reads words as flags of `berth run`, in the forms that podman takes: `--flag value`, `--flag=value`, `-f value`,
 * `-fvalue`, `-it`, `--flag=false`, and `--` before the image. All problems are collected.
 */
export function parseRunFlags(words: readonly string[]): ParsedFlags {
  return parseFlags(words, RUN_FLAGS);
}

/** {@link parseRunFlags} for another command's flags. */
export function parseFlags(words: readonly string[], known: readonly Flag[]): ParsedFlags {
  const flags: Record<string, string | boolean | string[]> = {};
  const problems: (Problem & { word: number })[] = [];
  const occurrences: FlagOccurrence[] = [];
  const set = (flag: Flag, value: string | boolean) => {
    const before = flags[flag.name];
    if (flag.kind !== "list") flags[flag.name] = value;
    else if (Array.isArray(before)) before.push(String(value));
    else flags[flag.name] = [String(value)];
  };
  let at = 0;
  /** Sets a flag that was named at `at`; `attached` is a value in the same word. */
  const take = (flag: Flag, attached: string | undefined) => {
    const named = at;
    if (flag.kind === "boolean") {
      const known = attached === undefined || TRUE.includes(attached) || FALSE.includes(attached);
      if (known) set(flag, attached === undefined || TRUE.includes(attached));
      else problems.push({ code: "bad-flag", message: `--${flag.name} is true or false, not "${attached}"`, word: at });
      occurrences.push({ flag, word: named });
      return;
    }
    const text = attached ?? words[++at];
    if (text === undefined) {
      problems.push({ code: "bad-flag", message: `--${flag.name} needs a value`, word: named });
      return;
    }
    set(flag, text);
    const offset = attached === undefined ? 0 : (words[named]?.length ?? 0) - attached.length;
    occurrences.push({ flag, word: named, value: { text, word: at, at: offset } });
  };
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return { flags, occurrences, rest: words.slice(at + 1), problems };
    if (!word.startsWith("-") || word === "-") break;
    if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = word.slice(2, equals < 0 ? undefined : equals);
      const flag = known.find((candidate) => candidate.name === name);
      if (flag === undefined) problems.push({ ...unknown(`--${name}`, known), word: at });
      else take(flag, equals < 0 ? undefined : word.slice(equals + 1));
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const flag = known.find((candidate) => candidate.short === word.charAt(letter));
      if (flag === undefined) {
        problems.push({ ...unknown(`-${word.charAt(letter)}`, known), word: at });
        break;
      }
      if (flag.kind === "boolean") take(flag, undefined);
      else {
        take(flag, letter + 1 < word.length ? word.slice(letter + 1).replace(/^=/, "") : undefined);
        break;
      }
    }
  }
  return { flags, occurrences, rest: words.slice(at), problems };
}

function unknown(name: string, known: readonly Flag[]): Problem {
  const near = closest(
    name,
    known.map((flag) => `--${flag.name}`),
  );
  const problem: Problem = { code: "unknown-flag", message: `flag ${name} is unknown, or not supported yet` };
  return near === undefined ? problem : { ...problem, hint: `did you mean ${near}?` };
}

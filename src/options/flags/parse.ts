import { closest } from "../../suggest.ts";
import type { Problem } from "../values/check.ts";
import { itemsOf } from "./comma-list.ts";
import type { Flag } from "./flag.ts";
import { foreignFlag } from "./foreign-flags.ts";
import { RUN_FLAGS } from "./run-flags.ts";
import { switchValue } from "./switch.ts";

/** Values by the flag's long name: a list for repeatable flags. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A flag at its place on the command line. */
export interface FlagOccurrence {
  readonly flag: Flag;
  /** Index of the word that names the flag. */
  readonly word: number;
  /** The value, the index of the word that holds it, and its offset in that word; absent for switches. */
  readonly value?: { readonly text: string; readonly word: number; readonly at: number };
}

export interface ParsedFlags {
  readonly flags: FlagValues;
  /** The flags one by one, in order. */
  readonly occurrences: readonly FlagOccurrence[];
  /** From the first word that is not a flag or a flag's value: the image and its command. */
  readonly rest: readonly string[];
  /** Words that could not be read; `word` is the index of the word concerned. */
  readonly problems: readonly (Problem & { readonly word: number })[];
}

/**
 * Reads words as flags of `berth run`, in the forms that podman takes: `--flag value`, `--flag=value`, `-f value`,
 * `-fvalue`, `-it`, `--flag=false`, and `--` before the image. All problems are collected.
 */
export function parseRunFlags(words: readonly string[]): ParsedFlags {
  return parseFlags(words, RUN_FLAGS);
}

/** {@link parseRunFlags} for another command's flags. */
export function parseFlags(words: readonly string[], known: readonly Flag[]): ParsedFlags {
  return new FlagParser(words, known).parse();
}

class FlagParser {
  readonly #words: readonly string[];
  readonly #known: readonly Flag[];
  readonly #flags: Record<string, string | boolean | string[]> = {};
  readonly #problems: (Problem & { word: number })[] = [];
  readonly #occurrences: FlagOccurrence[] = [];
  /** Index of the word that is read. */
  #at = 0;

  constructor(words: readonly string[], known: readonly Flag[]) {
    this.#words = words;
    this.#known = known;
  }

  parse(): ParsedFlags {
    for (; this.#at < this.#words.length; this.#at++) {
      const word = this.#words[this.#at] ?? "";
      if (word === "--") return this.#result(this.#at + 1);
      if (!word.startsWith("-") || word === "-") break;
      if (word.startsWith("--")) this.#long(word);
      else this.#letters(word);
    }
    return this.#result(this.#at);
  }

  #result(restAt: number): ParsedFlags {
    const rest = this.#words.slice(restAt);
    return { flags: this.#flags, occurrences: this.#occurrences, rest, problems: this.#problems };
  }

  /** `--flag` or `--flag=value`. */
  #long(word: string): void {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const flag = this.#known.find((candidate) => candidate.name === name || candidate.aliases?.includes(name));
    if (flag === undefined) this.#report(unknown(`--${name}`, this.#known));
    else this.#take(flag, equals < 0 ? undefined : word.slice(equals + 1));
  }

  /** `-it`, `-f value` or `-fvalue`: switches up to the first flag that takes a value. */
  #letters(word: string): void {
    for (let letter = 1; letter < word.length; letter++) {
      const flag = this.#known.find((candidate) => candidate.short === word.charAt(letter));
      if (flag === undefined) this.#report(unknown(`-${word.charAt(letter)}`, this.#known));
      else if (flag.kind === "boolean") this.#take(flag, undefined);
      else this.#take(flag, letter + 1 < word.length ? word.slice(letter + 1).replace(/^=/, "") : undefined);
      if (flag?.kind !== "boolean") break;
    }
  }

  /** Takes a flag that the current word names; `attached` is a value in the same word. */
  #take(flag: Flag, attached: string | undefined): void {
    const named = this.#at;
    if (flag.kind === "boolean") {
      const value = attached === undefined ? true : switchValue(attached);
      if (value !== undefined) this.#set(flag, value);
      else this.#report({ code: "bad-flag", message: `--${flag.name} is true or false, not "${attached}"` });
      this.#occurrences.push({ flag, word: named });
      return;
    }
    const text = attached ?? this.#words[++this.#at];
    if (text === undefined) {
      this.#report({ code: "bad-flag", message: `--${flag.name} needs a value` }, named);
      return;
    }
    const offset = attached === undefined ? 0 : (this.#words[named]?.length ?? 0) - attached.length;
    for (const item of itemsOf(flag, text)) {
      this.#set(flag, item.text);
      this.#occurrences.push({ flag, word: named, value: { text: item.text, word: this.#at, at: offset + item.at } });
    }
  }

  #set(flag: Flag, value: string | boolean): void {
    const before = this.#flags[flag.name];
    if (flag.kind !== "list") this.#flags[flag.name] = value;
    else if (Array.isArray(before)) before.push(String(value));
    else this.#flags[flag.name] = [String(value)];
  }

  #report(problem: Problem, word = this.#at): void {
    this.#problems.push({ ...problem, word });
  }
}

function unknown(name: string, known: readonly Flag[]): Problem {
  const problem: Problem = { code: "unknown-flag", message: `flag ${name} is unknown, or not supported yet` };
  const foreign = foreignFlag(name.replace(/^--?/, ""));
  if (foreign !== undefined) return { ...problem, ...foreign };
  const near = closest(
    name,
    known.map((flag) => `--${flag.name}`),
  );
  return near === undefined ? problem : { ...problem, hint: `did you mean ${near}?` };
}

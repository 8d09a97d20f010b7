import { Option } from "commander";
import { splitAt } from "../../options/values/check.ts";

/** A repeatable option; its value is a list, empty by default. */
export function repeatable(flags: string, help: string): Option {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  return new Option(flags, `${help}; can be repeated`).argParser(collect).default([]);
}

/** The entries of `KEY=VALUE` words; a word without `=` is a key with an empty value. */
export function entriesOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const { head, tail = "" } = splitAt(word, "=");
      return [head, tail];
    }),
  );
}

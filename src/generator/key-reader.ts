import type { Entry } from "../unit/entry.ts";
import { lastEntry, listEntries, type SectionEntries } from "../unit/lookup.ts";
import { splitAssignment, splitWords, unquoteString, type WordStyle } from "../unit/words.ts";
import type { KeySpec, KeyTable, ValueClass } from "./keys/key.ts";
import type { Report, Value } from "./report.ts";
import { closest } from "./suggest.ts";
import { type Problem, quoted, type ValueCheck } from "./values/check.ts";

const TRUE: readonly string[] = ["1", "yes", "true", "on"];
const FALSE: readonly string[] = ["0", "no", "false", "off"];

const WORD_STYLES: Readonly<Partial<Record<ValueClass, WordStyle>>> = {
  words: "plain",
  "exec-words": "escaped",
  command: "escaped",
  map: "escaped",
};

/**
 * Reads the values of one section by its key table. Whatever is wrong is reported once, when the key is read; a value with
 * an error is left out of what is returned.
 */
export class KeyReader {
  readonly #name: string;
  readonly #section: SectionEntries | undefined;
  readonly #table: KeyTable;
  readonly #report: Report;

  constructor(name: string, section: SectionEntries | undefined, table: KeyTable, report: Report) {
    this.#name = name;
    this.#section = section;
    this.#table = table;
    this.#report = report;
  }

  /** Reports the keys that nobody knows, and those that berth does not carry out yet. */
  checkKeys(): void {
    for (const [key, entries] of this.#section ?? []) {
      const spec = this.#table.get(key);
      if (spec?.status === "supported") continue;
      const problem = spec === undefined ? this.#unknown(key) : notSupported(spec);
      for (const entry of entries) this.#report.item(entry, problem);
    }
  }

  /** Whether the key is there and has a value. */
  has(key: string): boolean {
    return this.entry(key) !== undefined;
  }

  /** The assignment that counts, undefined if there is none or it is empty. */
  entry(key: string): Entry | undefined {
    const entry = lastEntry(this.#section, key);
    return entry === undefined || entry.value === "" ? undefined : entry;
  }

  /** Whether the key is there, be it with the empty value. */
  mentions(key: string): boolean {
    return this.#section?.has(key) === true;
  }

  /** A key with one value. `extra` looks before the table's own check. */
  string(key: string, extra?: ValueCheck): Value | undefined {
    const entry = this.entry(key);
    if (entry === undefined) return undefined;
    const text = unquoteString(entry.value);
    const offset = text === entry.value ? 0 : entry.value.indexOf(text);
    return this.#checked(key, [{ text, entry, offset, end: offset + text.length }], extra)[0];
  }

  /** A key that takes a list, of class `lines`, `words`, `exec-words` or `map`; the last of these is sorted by name. */
  list(key: string, extra?: ValueCheck): Value[] {
    const spec = this.#spec(key);
    if (spec.values === "lines") {
      const lines = listEntries(this.#section, key).map((entry) => wholeLine(entry));
      return this.#checked(key, lines, extra);
    }
    const words = this.#words(listEntries(this.#section, key), spec);
    const values = this.#checked(key, words, extra);
    return spec.values === "map" ? sortedByName(values) : values;
  }

  /** The words of a key of class `command`: those of the last assignment. */
  command(key: string): Value[] {
    const entry = this.entry(key);
    return entry === undefined ? [] : this.#checked(key, this.#words([entry], this.#spec(key)));
  }

  /** A yes or no; undefined if the key is absent or empty. */
  boolean(key: string): boolean | undefined {
    const value = this.string(key);
    if (value === undefined) return undefined;
    const truth = parseBoolean(value.text);
    if (truth === undefined) {
      const message = `${quoted(value.text)} is neither yes nor no`;
      this.#report.value(value, { code: "bad-boolean", message, hint: "write yes or no" });
    }
    return truth;
  }

  #spec(key: string): KeySpec {
    const spec = this.#table.get(key);
    if (spec === undefined) throw new Error(`no key ${key} in the table of [${this.#name}]`);
    return spec;
  }

  #words(entries: readonly Entry[], spec: KeySpec): Value[] {
    const style = WORD_STYLES[spec.values] ?? "plain";
    return entries.flatMap((entry) => {
      const { words, problems } = splitWords(entry.value, style);
      for (const { code, offset, message } of problems) {
        const hint = code === "unknown-escape" ? "write a backslash as \\\\" : undefined;
        const problem: Problem = { code, message: `${entry.key}: ${message}`, ...(hint === undefined ? {} : { hint }) };
        this.#report.at(entry, offset, problem);
      }
      return words.map(({ text, offset, end }) => ({ text, entry, offset, end }));
    });
  }

  #checked(key: string, values: readonly Value[], extra?: ValueCheck): Value[] {
    const check = this.#spec(key).check;
    return values.filter((value) => {
      const problem = extra?.(value.text) ?? check?.(value.text);
      if (problem !== undefined) this.#report.value(value, problem);
      return problem === undefined;
    });
  }

  #unknown(key: string): Problem {
    const message = `unknown key ${quoted(key)} in [${this.#name}]`;
    const near = closest(key, this.#table.keys());
    return { code: "unknown-key", message, ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }) };
  }
}

/** true, false, or undefined for what is neither to both systemd and Quadlet (which takes `y` for false). */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return TRUE.includes(lower) ? true : FALSE.includes(lower) ? false : undefined;
}

function notSupported(spec: KeySpec): Problem {
  return { code: "not-supported-yet", message: `${spec.name}= is not supported yet` };
}

function wholeLine(entry: Entry): Value {
  return { text: entry.value, entry, offset: 0, end: entry.value.length };
}

/** By the bytes of the names; of several values for a name the last one stays. */
function sortedByName(values: readonly Value[]): Value[] {
  const byName = new Map<string, Value>();
  for (const value of values) byName.set(splitAssignment({ ...value, quoted: false }).name, value);
  return [...byName].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([, value]) => value);
}

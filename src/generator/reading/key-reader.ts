import { type Problem, problemOf, quoted, suggesting } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import { compareBytes } from "../../unit/drop-in.ts";
import type { Entry } from "../../unit/entry.ts";
import { givenEntries, listEntries, type SectionEntries } from "../../unit/lookup.ts";
import { isSpecifier, scanSpecifiers } from "../../unit/specifier.ts";
import { splitAssignment, splitWords, unquoteString, type WordStyle } from "../../unit/words.ts";
import type { KeySpec, KeyTable, ValueClass } from "../keys/key.ts";
import type { Report, Value } from "./report.ts";
import { systemdSection } from "./systemd-keys.ts";

const NOTHING: SectionEntries = new Map();

const TRUE: readonly string[] = ["1", "yes", "true", "on"];
const FALSE: readonly string[] = ["0", "no", "false", "off"];

/** How the values of a class are split into words. */
export const WORD_STYLES: Readonly<Partial<Record<ValueClass, WordStyle>>> = {
  words: "plain",
  "exec-words": "escaped",
  command: "escaped",
  map: "escaped",
};

/** The result of a reading of a value, besides the table's grammar: a problem, another value, or nothing. */
export type ValueReading = Problem | Value | undefined;

/**
 * Reads the values of one section by its key table. A problem is reported once, when the key is read; a value with an
 * error is left out of the result.
 */
export class KeyReader {
  readonly #name: string;
  readonly #section: SectionEntries;
  readonly #given: ReadonlyMap<string, Entry>;
  readonly #table: KeyTable;
  readonly #report: Report;

  constructor(name: string, section: SectionEntries | undefined, table: KeyTable, report: Report) {
    this.#name = name;
    this.#section = section ?? NOTHING;
    this.#table = table;
    this.#report = report;
    this.#given = givenEntries(section);
  }

  /** Reports unknown keys, and those that berth does not support yet. */
  checkKeys(): void {
    for (const [key, entries] of this.#section) {
      const spec = this.#table.get(key);
      if (spec?.inEffect === true) this.string(key);
      if (spec?.status === "supported") continue;
      // A key that is set back to empty has no effect.
      if (spec !== undefined && !this.#given.has(key)) continue;
      const problem = spec === undefined ? this.#unknown(key) : notSupported(spec);
      for (const entry of entries) this.#report.item(entry, problem);
    }
  }

  /** Whether the key is there and has a value. */
  has(key: string): boolean {
    return this.#given.has(key);
  }

  /** The keys that have a value and are flags by their rows in the table, without those in `placed`. */
  flagsBeside(placed: ReadonlySet<string>): string[] {
    const names: string[] = [];
    for (const name of this.#given.keys()) {
      if (placed.has(name)) continue;
      const spec = this.#table.get(name);
      if (spec?.flag !== undefined && spec.status === "supported") names.push(name);
    }
    return names;
  }

  /** The assignment that counts, if the key has a value. */
  entry(key: string): Entry | undefined {
    return this.#given.get(key);
  }

  /** Whether the key is there, also with an empty value. */
  mentions(key: string): boolean {
    return this.#section.has(key);
  }

  /** A key with one value. `read` comes before the table's grammar, and may replace the value. */
  string(key: string, read?: (value: Value) => ValueReading): Value | undefined {
    const entry = this.#given.get(key);
    if (entry === undefined) return undefined;
    const text = unquoteString(entry.value);
    const offset = text === entry.value ? 0 : entry.value.indexOf(text);
    return this.#checked(this.spec(key), [{ text, entry, offset, end: offset + text.length }], read)[0];
  }

  /** A key that takes a list, of class `lines`, `words`, `exec-words` or `map`; the last of these is sorted by name. */
  list(key: string, read?: (value: Value) => ValueReading): Value[] {
    // Most keys are absent from most files, and this runs for each of them at every boot.
    if (!this.#given.has(key)) return [];
    const spec = this.spec(key);
    if (spec.values === "lines") {
      return this.#checked(spec, listEntries(this.#section, key).map(wholeLine), read);
    }
    const words = this.#words(listEntries(this.#section, key), spec);
    const values = this.#checked(spec, words, read);
    return spec.values === "map" ? sortedByName(values) : values;
  }

  /** The words of a key of class `command`: those of the last assignment. */
  command(key: string): Value[] {
    const entry = this.#given.get(key);
    if (entry === undefined) return [];
    const spec = this.spec(key);
    return this.#checked(spec, this.#words([entry], spec));
  }

  /** A boolean; undefined if the key is absent or empty. */
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

  /** The row of the key in the table. */
  spec(key: string): KeySpec {
    const spec = this.#table.get(key);
    if (spec === undefined) throw new Error(`no key ${key} in the table of [${this.#name}]`);
    return spec;
  }

  #words(entries: readonly Entry[], spec: KeySpec): Value[] {
    const style = WORD_STYLES[spec.values] ?? "plain";
    const values: Value[] = [];
    for (const entry of entries) {
      const { words, problems } = splitWords(entry.value, style);
      for (const { code, offset, message } of problems) {
        const escaped = entry.value.charAt(offset + 1);
        const advice = escaped === ";" ? "write ; alone: there is no shell" : "write a backslash as \\\\";
        const hint = code === "unknown-escape" ? { hint: advice } : {};
        this.#report.at(entry, offset, { code, message: `${entry.key}: ${message}`, ...hint });
      }
      for (const { text, offset, end } of words) values.push({ text, entry, offset, end });
    }
    return values;
  }

  #checked({ parse }: KeySpec, values: readonly Value[], read?: (value: Value) => ValueReading): Value[] {
    const good: Value[] = [];
    for (const value of values) {
      const reading = read?.(value);
      const replaced = reading !== undefined && "entry" in reading ? reading : value;
      const problem =
        reading !== undefined && "code" in reading
          ? reading
          : ((parse && problemOf(parse(replaced.text))) ?? unknownSpecifier(value.text));
      if (value.entry.value.includes(" # ")) this.#warnOfComment(value.entry);
      if (problem === undefined) good.push(replaced);
      else this.#report.value(value, problem);
    }
    return good;
  }

  #warnOfComment(entry: Entry): void {
    const offset = entry.value.indexOf(" # ") + 1;
    const message = `${entry.key}: what follows the # is a part of the value: a comment has a line of its own`;
    this.#report.at(entry, offset, { code: "comment-behind-value", message }, "warning");
  }

  #unknown(key: string): Problem {
    const problem = { code: "unknown-key", message: `unknown key ${quoted(key)} in [${this.#name}]` };
    const section = systemdSection(key);
    if (section !== undefined) return { ...problem, hint: `write it in [${section}]` };
    // Name= for ContainerName=.
    const prefixed = this.#name + key;
    return suggesting(problem, this.#table.has(prefixed) ? prefixed : closest(key, this.#table.keys()));
  }
}

/** true, false, or undefined for a word that is neither to both systemd and Quadlet (which takes `y` for false). */
export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return TRUE.includes(lower) ? true : FALSE.includes(lower) ? false : undefined;
}

/** systemd refuses the whole unit for a `%` before a letter or digit that is no specifier. */
function unknownSpecifier(text: string): Problem | undefined {
  if (!text.includes("%")) return undefined;
  const unknown = scanSpecifiers(text).find(({ kind, name }) => kind === "specifier" && !isSpecifier(name));
  if (unknown === undefined) return undefined;
  const message = `%${unknown.name} is no specifier of systemd's`;
  return { code: "unknown-specifier", message, hint: "write a percent sign as %%", at: unknown.offset };
}

function notSupported(spec: KeySpec): Problem {
  const { name, instead } = spec;
  if (instead === undefined) return { code: "not-supported-yet", message: `${name}= is not supported yet` };
  return { code: "not-supported", message: `${name}= is not supported`, hint: instead };
}

function wholeLine(entry: Entry): Value {
  return { text: entry.value, entry, offset: 0, end: entry.value.length };
}

/** Sorts by the bytes of the names; of several values for a name the last one stays. */
function sortedByName(values: Value[]): Value[] {
  if (values.length < 2) return values;
  const byName = new Map<string, Value>();
  for (const value of values) byName.set(splitAssignment({ ...value, quoted: false }).name, value);
  return [...byName].sort(([a], [b]) => compareBytes(a, b)).map(([, value]) => value);
}

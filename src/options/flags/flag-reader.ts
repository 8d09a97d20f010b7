import { OptionError } from "../error.ts";
import { type Problem, unexpandedPart, type ValueParser } from "../values/check.ts";
import type { Assignment } from "../values/command.ts";
import type { Flag, ItemOf, PropertiesOf } from "./flag.ts";
import type { FlagValues } from "./parse.ts";

/** The name of a row of one kind. */
type NameOf<Row extends Flag, Kind extends Flag["kind"]> = Extract<Row, { readonly kind: Kind }>["name"];
type RowOf<Row extends Flag, Name> = Extract<Row, { readonly name: Name }>;

/**
 * The values of a command line, each parsed by the row of its flag. This is where words that only systemd expands are
 * refused, for every flag of a table. With `--unit` systemd has expanded the command line: a `%i` or `${PORT}` that is
 * left in a path or a name was `%%i` or `$${PORT}` in the file, and means itself. The constructor parses everything
 * that is given, and throws an OptionError that names the flag.
 */
export class FlagReader<Row extends Flag> {
  readonly #rows: readonly Row[];
  readonly #flags: FlagValues;
  readonly #parsed = new Map<string, unknown>();

  constructor(table: Readonly<Record<string, Row>>, flags: FlagValues) {
    this.#rows = Object.values(table);
    this.#flags = flags;
    const parse = flags.unit === undefined ? parseFlag : parseExpanded;
    for (const row of this.#rows) {
      const given = flags[row.name];
      if (given === undefined) continue;
      const parseOne = (text: string) => (row.name === "unit" ? parseFlag : parse)(row, text);
      if (typeof given === "string") this.#parsed.set(row.name, parseOne(given));
      else this.#parsed.set(row.name, isList(given) ? given.map(parseOne) : given);
    }
  }

  /** Whether the flag is on the command line. */
  has(name: Row["name"]): boolean {
    return this.#parsed.has(name);
  }

  /** The value of a flag that has one; undefined if it is absent. */
  one<Name extends NameOf<Row, "string">>(name: Name): ItemOf<RowOf<Row, Name>> | undefined {
    return this.#parsed.get(name) as ItemOf<RowOf<Row, Name>> | undefined;
  }

  /** The values of a flag that can be repeated. */
  list<Name extends NameOf<Row, "list">>(name: Name): readonly ItemOf<RowOf<Row, Name>>[] {
    return (this.#parsed.get(name) ?? []) as readonly ItemOf<RowOf<Row, Name>>[];
  }

  /** The values of a flag as they were given. */
  texts(name: Row["name"]): readonly string[] {
    const given = this.#flags[name];
    return typeof given === "string" ? [given] : isList(given) ? given : [];
  }

  /** The state of a switch; undefined if it is absent. */
  flag(name: NameOf<Row, "boolean">): boolean | undefined {
    return this.#parsed.get(name) as boolean | undefined;
  }

  /** The properties of the request that the rows name. */
  properties(): PropertiesOf<Row> {
    const properties: Record<string, unknown> = {};
    for (const row of this.#rows) {
      if (row.field !== undefined) properties[row.field] = this.#property(row);
    }
    return properties as PropertiesOf<Row>;
  }

  #property(row: Row): unknown {
    const value = this.#parsed.get(row.name);
    if (row.record) return Object.fromEntries((value ?? []) as Assignment[]);
    return value ?? row.otherwise ?? (row.kind === "list" ? [] : row.kind === "boolean" ? false : undefined);
  }
}

function isList(given: FlagValues[string]): given is readonly string[] {
  return Array.isArray(given);
}

/**
 * One value of a flag; with `parse`, by another grammar than that of its row. Throws an OptionError that names the
 * flag: for a problem, and for a word that systemd would expand in a unit.
 */
export function parseFlag<T>(row: Flag, text: string, parse: ValueParser<T>): T;
export function parseFlag(row: Flag, text: string): unknown;
export function parseFlag(row: Flag, text: string, parse = row.parse): unknown {
  if (row.freeText !== true) refuseUnexpanded(`--${row.name}`, text);
  return parseExpanded(row, text, parse);
}

/** {@link parseFlag} for a word that systemd has expanded: only a part that the grammar cannot judge is refused. */
function parseExpanded(row: Flag, text: string, parse = row.parse): unknown {
  const parsed = parse === undefined ? { value: text } : parse(text);
  if ("value" in parsed) return parsed.value;
  throw "problem" in parsed ? refusal(row.name, text, parsed.problem) : notExpanded(`--${row.name}`, text, text);
}

/**
 * Throws an OptionError for a value with a word that systemd expands in a unit, and no other program does: `%i`,
 * `${PORT}`. To be called for every value that is not free text; `what` is what the message begins with: `--publish`.
 */
export function refuseUnexpanded(what: string, text: string): void {
  const word = unexpandedPart(text);
  if (word !== undefined) throw notExpanded(what, text, word);
}

function notExpanded(what: string, text: string, word: string): OptionError {
  return new OptionError("not-expanded", `${what} ${text}: ${word} is not expanded: only systemd does that, in a unit`);
}

/** The error of a flag's value. */
export function refusal(name: string, text: string, { code, message, hint }: Omit<Problem, "at">): OptionError {
  return new OptionError(code, `--${name} ${text}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
}

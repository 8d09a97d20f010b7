import { itemParser } from "../../options/flags/comma-list.ts";
import type { Flag } from "../../options/flags/flag.ts";
import { inEffectOnly } from "../../options/flags/in-effect.ts";
import type { ValueParser } from "../../options/values/check.ts";

/**
 * How the assignments of a key become values.
 *
 * - `string`: the last one; a pair of double quotes around the whole value is taken off.
 * - `lines`: all, in order; the text of each line is one value, quotes included.
 * - `words`: all; split at white space, quotes taken off, a backslash is an ordinary character.
 * - `exec-words`: as `words`, and C escapes are decoded.
 * - `command`: the last one, split as `exec-words`.
 * - `map`: all, split as `exec-words` into `name=value`; a later name replaces an earlier one; sorted by name.
 * - `boolean`: the last one.
 *
 * An empty assignment takes back everything before it.
 */
export type ValueClass = "string" | "lines" | "words" | "exec-words" | "command" | "map" | "boolean";

/** One key of a file type, as the parser, the checks, "did you mean" and the manual page know it. */
export interface KeySpec {
  readonly name: string;
  readonly values: ValueClass;
  /** The Podman release that first had the key; absent for keys older than 5.4, and for berth's own. */
  readonly since?: string;
  /** One line, as in the manual page. */
  readonly help: string;
  /** A value that passes the checks. */
  readonly example: string;
  /** A key that is not supported yet is refused with these words, never ignored. */
  readonly status: "supported" | "not supported yet";
  /** Of a key that is refused: what to do instead. */
  readonly instead?: string;
  /** The grammar of one value (one word, for the word classes); absent where it is any text. */
  readonly parse?: ValueParser<unknown>;
  /**
   * The flag that carries the value to the type's command, without dashes; absent where the key becomes something else.
   */
  readonly flag?: string;
  /** Whether the key asks for what berth does anyway, so that its value is judged and leads to nothing else. */
  readonly inEffect?: boolean;
  /** The text before the value: `--opt device=VALUE`. */
  readonly prefix?: string;
}

/** The keys of one section, by name. */
export type KeyTable = ReadonlyMap<string, KeySpec>;

/** Makes a table out of its rows. */
export function keyTable(rows: readonly KeySpec[]): KeyTable {
  return new Map(rows.map((row) => [row.name, row]));
}

/** A table that is made at its first use: most machines have files of few types, and every boot waits for this. */
export function lazyKeyTable(rows: () => readonly KeySpec[]): () => KeyTable {
  let table: KeyTable | undefined;
  return () => {
    table ??= keyTable(rows());
    return table;
  };
}

/** A row for a key of Quadlet's that berth does not support yet. */
export function later(name: string, values: ValueClass, help: string, example: string, since?: string): KeySpec {
  const row: KeySpec = { name, values, help, example, status: "not supported yet" };
  return since === undefined ? row : { ...row, since };
}

/** A row for a key of which some values ask for what berth does anyway; the others are not supported yet. */
export function inEffect(name: string, help: string, values: readonly string[], since?: string): KeySpec {
  const [example = ""] = values;
  const parse = inEffectOnly(values);
  const row: KeySpec = { name, values: "string", help, example, status: "supported", inEffect: true, parse };
  return since === undefined ? row : { ...row, since };
}

/** Rows for features of podman alone, in every type: containers.conf, and flags before the sub-command. */
export function podmanOnly(): readonly KeySpec[] {
  const conf = "berth has no containers.conf: write the keys themselves";
  const global = "berth has no flags in front of its sub-commands: PodmanArgs= takes those behind";
  return [
    {
      ...later("ContainersConfModule", "lines", "Module of containers.conf to load", "/etc/container/1.conf"),
      instead: conf,
    },
    {
      ...later("GlobalArgs", "exec-words", "Arguments for podman in front of its sub-command", "--log-level=debug"),
      instead: global,
    },
  ];
}

/** A row for a supported key. */
export function supported(
  name: string,
  values: ValueClass,
  help: string,
  example: string,
  more: Pick<KeySpec, "since" | "parse" | "flag" | "prefix"> = {},
): KeySpec {
  return { name, values, help, example, status: "supported", ...more };
}

/**
 * A key that is a flag: the value goes to the command under the flag's name, and has its grammar unless the key has a
 * stricter one.
 */
export function carries(flag: Flag, parse = itemParser(flag)): Pick<KeySpec, "flag" | "parse"> {
  return parse === undefined ? { flag: flag.name } : { flag: flag.name, parse };
}

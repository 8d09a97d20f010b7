import type { ValueParser } from "../values/check.ts";

/**
 * A row of a table of flags: everything that the command line, the generator's check of `PodmanArgs=`, help, manual
 * page and shell completion know of one flag of `berth run` or `berth pod create`.
 */
export interface Flag {
  /** Long name without dashes, as podman spells it. */
  readonly name: string;
  /** Other long names, which podman or docker take for it. */
  readonly aliases?: readonly string[];
  /** One-letter form without the dash. */
  readonly short?: string;
  /** `boolean` flags take an optional `=true|false`; `string` keeps the last value; `list` keeps all, in order. */
  readonly kind: "boolean" | "string" | "list";
  /** The value's name in help: `--name NAME`. */
  readonly value?: string;
  readonly help: string;
  /** Left out of help: flags that only generated units use. */
  readonly hidden?: true;
  /** The grammar of one value; absent where it is any text. */
  readonly parse?: ValueParser<unknown>;
  /**
   * The value is handed on as it is, so that `%i` and `${PORT}` in it mean themselves. In any other flag's value they
   * are an error at run time, except with `--unit`: they are a unit's words that systemd did not expand.
   */
  readonly freeText?: true;
  /** The property of the request for the values of this flag alone. */
  readonly field?: string;
  /** The property's value where the flag is absent: of a `string`, or of a `boolean` that is true by default. */
  readonly otherwise?: unknown;
  /** The values of a `list` are assignments, and become one object; the last one of a name counts. */
  readonly record?: true;
  /**
   * A value of a `list` may be several, with commas between, as podman takes them (comma-list.ts). Of `assignments`
   * only a comma before another `NAME=` separates.
   */
  readonly commas?: "words" | "assignments";
  /** The completions of a value: these words, or files. */
  readonly complete?: readonly string[] | "files" | "folders";
}

/** The type that one value of a row is parsed to. */
export type ItemOf<Row extends Flag> = Row extends { readonly parse: ValueParser<infer T> } ? T : string;

/** The type of the property that a row's values become. */
export type PropertyOf<Row extends Flag> = Row["kind"] extends "boolean"
  ? boolean
  : Row["kind"] extends "list"
    ? Row extends { readonly record: true }
      ? Readonly<Record<string, string>>
      : readonly ItemOf<Row>[]
    : Row extends { readonly otherwise: unknown }
      ? ItemOf<Row>
      : ItemOf<Row> | undefined;

/** The properties of a request that come from rows with a `field`. */
export type PropertiesOf<Row extends Flag> = {
  readonly [R in Row as R extends { readonly field: infer Field extends string } ? Field : never]: PropertyOf<R>;
};

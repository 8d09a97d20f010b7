import { type Command, Option } from "commander";
import { CommandError } from "../program/command.ts";
import { filterOption } from "./filters.ts";
import { headingText, readTemplate, renderTemplate, type Template, TemplateError } from "./go-template.ts";
import { plainJson, plainText } from "./plain-text.ts";
import { formatTable } from "./table.ts";

/** How one kind of thing is listed. */
export interface Listing<Row, Field extends string = string> {
  /** What a template may ask for, by podman's names, and the heading over each in a table. */
  readonly headings: Readonly<Record<Field, string>>;
  /** `whole`: with IDs and commands as long as they are. */
  readonly fieldsOf: (row: Row, whole: boolean) => Readonly<Record<Field, unknown>>;
  /** The columns of the table that is shown when nothing is asked for. */
  readonly columns: readonly Field[];
  /** As `--format json` prints it. */
  readonly jsonOf: (row: Row) => object;
  /** What `--quiet` prints of it; "" is left out. */
  readonly idOf: (row: Row, whole: boolean) => string;
}

export interface ListingOptions {
  readonly filter: readonly string[];
  readonly format: string;
  readonly noheading?: boolean;
  readonly quiet?: boolean;
  /** False after `--no-trunc`. */
  readonly trunc?: boolean;
}

/**
 * `--filter`, `--format`, `--noheading` and `--quiet`, as every listing has them; `--no-trunc` where `trunc` says what
 * it is for.
 */
export function addListingOptions(command: Command, quiet: "IDs only" | "names only", trunc?: string): Command {
  const options = [
    filterOption("-f, --filter <filter>"),
    new Option("--format <format>", "table, json, or a template as in docker and podman: {{.Name}}").default("table"),
    new Option("--noheading", "no heading over the table"),
    new Option("-q, --quiet", quiet),
    ...(trunc === undefined ? [] : [new Option("--no-trunc", trunc)]),
  ];
  for (const option of options) command.addOption(option);
  return command;
}

/** What the manual of a listing says of its templates. */
export function templateFields({ headings }: Pick<Listing<never>, "headings">): string {
  const fields = Object.keys(headings).map((name) => (name === "Label" ? '`.Label "KEY"`' : `\`.${name}\``));
  return `Templates (\`berth(1)\`) may ask for ${fields.join(", ")}; \`{{json .}}\` is everything.`;
}

/**
 * Rows as `--format` asks for them: a table, JSON, a line for each by a template. Throws CommandError for a bad
 * template.
 */
export function formatListing<Row, Field extends string>(
  rows: readonly Row[],
  { headings, fieldsOf, columns, jsonOf, idOf }: Listing<Row, Field>,
  { format, noheading, quiet, trunc }: ListingOptions,
): string {
  const whole = trunc === false;
  if (quiet)
    return [...new Set(rows.map((row) => idOf(row, whole)))].map((id) => (id === "" ? "" : `${id}\n`)).join("");
  // Several rows may be of one thing, as the names of an image are.
  if (format === "json") return formatJson([...new Set(rows.map(jsonOf))]);
  const isTable = format === "" || /^table\b/.test(format);
  const text = (isTable ? format.replace(/^table\s*/, "") : format) || columns.map((name) => `{{.${name}}}`).join("\t");
  return withTemplate(format, text, "table, json", (template) => {
    const lines = rows.map((row) => renderTemplate(template, new TemplateRow(fieldsOf(row, whole), () => jsonOf(row))));
    if (!isTable) return lines.map((line) => `${line}\n`).join("");
    const table = formatTable(
      headingText(template, headings).split("\t"),
      lines.map((line) => line.split("\t")),
    );
    return noheading ? table.slice(table.indexOf("\n") + 1) : table;
  });
}

/** An ID as people read it. */
export function shortId(id: string, whole = false): string {
  return whole ? id : id.slice(0, 12);
}

/** A list as people and programs can read it. */
export function formatJson(value: readonly object[]): string {
  return `${plainJson(value, 2)}\n`;
}

/**
 * Applies a template that was given as `format`; `words` are what it might have been as well. Throws CommandError for a
 * bad one.
 */
export function withTemplate(
  format: string,
  text: string,
  words: string,
  work: (template: Template) => string,
): string {
  try {
    if (!text.includes("{{")) throw new TemplateError(`${words}, or a template as {{.Name}} is expected`);
    return work(readTemplate(text));
  } catch (error) {
    if (error instanceof TemplateError) throw new CommandError(`--format ${format}: ${error.message}`, 125);
    throw error;
  }
}

/** The same with all texts in it as they may be shown: labels and names are strangers' words. */
export function plainValue(value: unknown): unknown {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [plainText(name), plainValue(item)]));
}

/** A row's fields; as JSON (`{{json .}}`) it is what `--format json` prints. */
class TemplateRow {
  readonly #json: () => object;
  constructor(fields: object, json: () => object) {
    Object.assign(this, plainValue(fields));
    this.#json = json;
  }
  toJSON(): object {
    return this.#json();
  }
}

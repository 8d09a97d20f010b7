import { type Command, Option } from "commander";
import { CommandError } from "../program/command.ts";
import { filterOption } from "./filters.ts";
import { headingText, readTemplate, renderTemplate, type Template, TemplateError } from "./go-template.ts";
import { plainJson, plainText } from "./plain-text.ts";
import { formatTable } from "./table.ts";

/** The listing of one kind of object. */
export interface Listing<Row, Field extends string = string> {
  /** The fields for templates, by podman's names, with their headings. */
  readonly headings: Readonly<Record<Field, string>>;
  /** `whole`: without shortening IDs and commands. */
  readonly fieldsOf: (row: Row, whole: boolean) => Readonly<Record<Field, unknown>>;
  /** The columns of the default table. */
  readonly columns: readonly Field[];
  /** As `--format json` prints it. */
  readonly jsonOf: (row: Row) => object;
  /** The output of `--quiet`; "" is left out. */
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
 * Adds `--filter`, `--format`, `--noheading` and `--quiet`, as every listing has them, and `--no-trunc` where `trunc`
 * has its help.
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

/** The manual's paragraph about the templates of a listing. */
export function templateFields({ headings }: Pick<Listing<never>, "headings">): string {
  const fields = Object.keys(headings).map((name) => (name === "Label" ? '`.Label "KEY"`' : `\`.${name}\``));
  return `Templates (\`berth(1)\`) may ask for ${fields.join(", ")}; \`{{json .}}\` is everything.`;
}

/**
 * Rows in the format that `--format` requests: a table, JSON, or by a template a line for each. Throws CommandError for
 * a bad template.
 */
export function formatListing<Row, Field extends string>(
  rows: readonly Row[],
  { headings, fieldsOf, columns, jsonOf, idOf }: Listing<Row, Field>,
  { format, noheading, quiet, trunc }: ListingOptions,
): string {
  const whole = trunc === false;
  if (quiet)
    return [...new Set(rows.map((row) => idOf(row, whole)))].map((id) => (id === "" ? "" : `${id}\n`)).join("");
  // Several rows may be about one object, such as the names of an image.
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

/** The short form of an ID. */
export function shortId(id: string, whole = false): string {
  return whole ? id : id.slice(0, 12);
}

/** A list for people and programs. */
export function formatJson(value: readonly object[]): string {
  return `${plainJson(value, 2)}\n`;
}

/**
 * Applies the template `format`; `words` are the other values of `--format`, for suggestions. Throws CommandError for a
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

/** The same with control characters escaped: labels and names come from outside. */
export function plainValue(value: unknown): unknown {
  if (typeof value === "string") return plainText(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [plainText(name), plainValue(item)]));
}

/** A row's fields; `{{json .}}` gives the same as `--format json`. */
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

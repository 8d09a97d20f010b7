import { closest } from "../../suggest.ts";
import { type Expression, parseTemplate, TemplateError, type TemplateNode } from "./go-template-parser.ts";
import { plainJson } from "./plain-text.ts";

export { TemplateError };

/** A parsed template of Go's text/template. */
export interface Template {
  readonly nodes: readonly TemplateNode[];
}

/**
 * Parses a template as in `docker` and `podman --format`: `{{.Names}}`, `{{json .}}`, `{{range
 * .Ports}}…{{end}}`. `\t` and `\n` outside of the braces are a tab and a line break. Throws TemplateError.
 */
export function readTemplate(text: string): Template {
  return { nodes: parseTemplate(text, TEMPLATE_FUNCTIONS) };
}

/**
 * Applies a template to a value: plain data, in which functions are methods. Throws TemplateError for an unknown field.
 */
export function renderTemplate({ nodes }: Template, value: unknown): string {
  return renderNodes(nodes, { dot: value, variables: new Map([["$", value]]) });
}

/**
 * The heading of a template's column in a table: each `{{…}}` becomes the heading of its field, and the text between
 * stays. Throws TemplateError for a field without a heading.
 */
export function headingText({ nodes }: Template, headings: Readonly<Record<string, string>>): string {
  const names = Object.keys(headings);
  return nodes
    .map((node) => {
      if (node.kind === "text") return node.text;
      if (node.kind === "if") return headingText({ nodes: node.body }, headings);
      const [name] = node.kind === "assign" ? [] : fieldNames(node.value);
      return name === undefined ? "" : headings[keyOf(names, name)];
    })
    .join("");
}

/** The row's own fields in an expression. */
function fieldNames(value: Expression): string[] {
  if (value.kind === "call") return value.values.flatMap(fieldNames);
  if (value.kind !== "field") return [];
  return value.of.kind === "dot" ? value.names.slice(0, 1) : fieldNames(value.of);
}

interface Surroundings {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

function renderNodes(nodes: readonly TemplateNode[], around: Surroundings): string {
  return nodes.map((node) => renderNode(node, around)).join("");
}

function renderNode(node: TemplateNode, around: Surroundings): string {
  if (node.kind === "text") return node.text;
  const value = evaluate(node.value, around);
  switch (node.kind) {
    case "output":
      return formatValue(value);
    case "assign":
      around.variables.set(node.name, value);
      return "";
    case "if":
      return renderNodes(isTrue(value) ? node.body : node.otherwise, inner(around));
    case "with":
      return isTrue(value)
        ? renderNodes(node.body, { ...inner(around), dot: value })
        : renderNodes(node.otherwise, inner(around));
    case "range": {
      const items = entriesOf(value);
      if (items.length === 0) return renderNodes(node.otherwise, inner(around));
      return items
        .map(([key, item]) => {
          const { variables } = inner(around);
          const [first, second] = node.variables;
          if (first !== undefined) variables.set(first, second === undefined ? item : key);
          if (second !== undefined) variables.set(second, item);
          return renderNodes(node.body, { dot: item, variables });
        })
        .join("");
    }
  }
}

/** Variables of a block end with it. */
function inner({ dot, variables }: Surroundings): Surroundings {
  return { dot, variables: new Map(variables) };
}

function evaluate(expression: Expression, around: Surroundings): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "dot":
      return around.dot;
    case "variable":
      if (!around.variables.has(expression.name)) throw new TemplateError(`unknown variable ${expression.name}`);
      return around.variables.get(expression.name);
    case "field": {
      const found = expression.names.reduce(fieldOf, { value: evaluate(expression.of, around), name: "" }).value;
      const values = expression.values.map((value) => evaluate(value, around));
      if (typeof found === "function") return found(...values);
      if (values.length === 0) return found;
      throw new TemplateError(`.${expression.names.join(".")} takes no arguments`);
    }
    case "call": {
      const values = expression.values.map((value) => evaluate(value, around));
      return FUNCTIONS[expression.name]?.(...values);
    }
  }
}

/** Fields that are maps in Go: a missing entry is no error there. */
const MAPS: ReadonlySet<string> = new Set(
  ["Annotations", "Containers", "Interfaces", "Labels", "Namespaces", "Networks", "Options", "Ports", "Volumes"].map(
    letters,
  ),
);

/** Go's output for a missing entry of a map. */
const NO_VALUE: unique symbol = Symbol("no value");

/** A field by its name in Go or in JSON: `.ID` is `Id`, `.IPv6Enabled` is `ipv6_enabled`. */
function fieldOf(
  { value, name: of }: { value: unknown; name: string },
  name: string,
): { value: unknown; name: string } {
  if (value === NO_VALUE) return { value, name };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TemplateError(`.${name} is asked of ${of === "" ? "what" : `.${of}, which`} has no fields`);
  const entries = value as Readonly<Record<string, unknown>>;
  if (MAPS.has(letters(of))) return { value: Object.hasOwn(entries, name) ? entries[name] : NO_VALUE, name };
  return { value: entries[keyOf(Object.keys(entries), name)], name };
}

/** The one of `names` that a template's `name` stands for. */
function keyOf(names: readonly string[], name: string): string {
  const found = names.includes(name) ? name : names.find((key) => letters(key) === letters(name));
  if (found !== undefined) return found;
  const near = closest(name, names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean "${near}"?`;
  throw new TemplateError(`unknown field "${name}" (${hint})`);
}

function letters(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function isTrue(value: unknown): boolean {
  if (value === NO_VALUE || value === undefined || value === null) return false;
  return typeof value === "object" ? entriesOf(value).length > 0 : Boolean(value);
}

/** The elements of an array, or the entries of an object without its methods, sorted as Go does it. */
function entriesOf(value: unknown): (readonly [key: string | number, item: unknown])[] {
  if (value === NO_VALUE || value === undefined || value === null) return [];
  if (Array.isArray(value)) return [...value.entries()];
  if (typeof value !== "object") throw new TemplateError(`${formatValue(value)} is neither a list nor a map`);
  return Object.entries(value)
    .filter(([, item]) => typeof item !== "function")
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** As fmt.Print of Go has it: `[a b]`, `map[a:1 b:2]`. */
function formatValue(value: unknown): string {
  if (value === NO_VALUE) return "<no value>";
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(formatValue).join(" ")}]`;
  if (typeof value === "function") throw new TemplateError("an argument is missing");
  if (typeof value !== "object") return String(value);
  return `map[${entriesOf(value)
    .map(([key, item]) => `${key}:${formatValue(item)}`)
    .join(" ")}]`;
}

/** The functions of text/template, and those that docker and podman add. */
const FUNCTIONS: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  json: (value) => (value === NO_VALUE ? "null" : (plainJson(value) ?? "null")),
  join: (list, separator) =>
    entriesOf(list)
      .map(([, item]) => formatValue(item))
      .join(formatValue(separator)),
  split: (text, separator) => formatValue(text).split(formatValue(separator)),
  lower: (text) => formatValue(text).toLowerCase(),
  upper: (text) => formatValue(text).toUpperCase(),
  title: (text) => formatValue(text).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  truncate: (text, length) => formatValue(text).slice(0, Number(length)),
  len: (value) => (typeof value === "string" ? value.length : entriesOf(value).length),
  index: (value, ...keys) => keys.reduce(elementOf, value),
  print: (...values) => values.map(formatValue).join(""),
  println: (...values) => `${values.map(formatValue).join(" ")}\n`,
  printf,
  eq: (first, ...others) => others.some((other) => first === other),
  ne: (first, second) => first !== second,
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  not: (value) => !isTrue(value),
  and: (...values) => (values.slice(0, -1).every(isTrue) ? values.at(-1) : values.find((value) => !isTrue(value))),
  or: (...values) => (values.some(isTrue) ? values.find(isTrue) : values.at(-1)),
};

/** Names of the functions that templates have. */
export const TEMPLATE_FUNCTIONS: readonly string[] = Object.keys(FUNCTIONS).sort();

function elementOf(value: unknown, key: unknown): unknown {
  if (value === NO_VALUE || value === null || typeof value !== "object")
    throw new TemplateError(`index: there is no element ${formatValue(key)}`);
  if (Array.isArray(value)) {
    if (typeof key !== "number" || !(key in value))
      throw new TemplateError(`index: there is no element ${formatValue(key)} among ${value.length}`);
    return value[key];
  }
  const name = formatValue(key);
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : NO_VALUE;
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === "number" && typeof second === "number") return first - second;
  if (typeof first === "string" && typeof second === "string") return first < second ? -1 : first > second ? 1 : 0;
  throw new TemplateError(`${formatValue(first)} and ${formatValue(second)} cannot be compared`);
}

/** The widest field of printf: characters. */
const WIDTH_MAX = 10_000;

/** `%s`, `%v`, `%d`, `%q`, perhaps with a width (`%-20s`). */
function printf(format: unknown, ...values: unknown[]): string {
  let next = 0;
  return formatValue(format).replace(/%(-?)(\d*)([a-z%])/g, (all, left: string, width: string, verb: string) => {
    if (verb === "%") return "%";
    if (!"svdq".includes(verb)) throw new TemplateError(`printf: ${all} is not supported`);
    if (Number(width) > WIDTH_MAX) throw new TemplateError(`printf: ${all} is wider than ${WIDTH_MAX}`);
    const text = formatValue(values[next++]);
    const shown = verb === "q" ? JSON.stringify(text) : text;
    return left === "" ? shown.padStart(Number(width)) : shown.padEnd(Number(width));
  });
}

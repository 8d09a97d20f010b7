import { closest } from "../../suggest.ts";

/** A template with a syntax error, or one that does not fit its data. */
export class TemplateError extends Error {
  override name = "TemplateError";
}

/** A piece of a template, in the order of its text. */
export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly value: Expression }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expression }
  | {
      readonly kind: "if" | "with";
      readonly value: Expression;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    }
  | {
      readonly kind: "range";
      /** Those of `range $key, $value := …`; one is the value's. */
      readonly variables: readonly string[];
      readonly value: Expression;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  /** `.A.B`, or `(…).A`; with arguments the last one is a method. */
  | {
      readonly kind: "field";
      readonly of: Expression;
      readonly names: readonly string[];
      readonly values: readonly Expression[];
    }
  | { readonly kind: "call"; readonly name: string; readonly values: readonly Expression[] };

/** The words of an action: strings, variables, fields, numbers, names, signs. */
const TOKEN = /(\s*)("(?:[^"\\\n]|\\.)*"|`[^`]*`|\$\w*|(?:\.[A-Za-z_]\w*)+|\.|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|[|()])/y;

/** `{{`, perhaps with `-`, to `}}`, perhaps with `-`; text in quotes may have braces. */
const ACTION = /\{\{(-\s)?((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|[^"`])*?)(\s-)?\}\}/g;

/**
 * Parses a template in the language of Go's text/template, as docker's and podman's `--format` does: fields,
 * variables, pipelines, if, with, range. Throws TemplateError for a syntax error and for define, template, block, break
 * and continue.
 */
export function parseTemplate(text: string, functions: Iterable<string>): readonly TemplateNode[] {
  const parts = splitActions(text);
  const known = new Set(functions);
  let at = 0;

  function parseNodes(opened: string | undefined): { nodes: TemplateNode[]; end: string } {
    const nodes: TemplateNode[] = [];
    for (let part = parts[at]; part !== undefined; part = parts[at]) {
      at += 1;
      if (typeof part === "string") {
        const text = part.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
        if (text !== "") nodes.push({ kind: "text", text });
        continue;
      }
      const [, word = "", rest = ""] = /^(\w+)?\s*(.*)$/s.exec(part.action) ?? [];
      if (word === "end" || word === "else") {
        if (opened === undefined) throw new TemplateError(`{{${word}}} without a beginning`);
        return { nodes, end: part.action };
      }
      if (word === "if" || word === "with" || word === "range") nodes.push(parseBlock(word, rest));
      else if (["define", "template", "block", "break", "continue"].includes(word))
        throw new TemplateError(`{{${word}}} is not supported`);
      else if (!part.action.startsWith("/*")) nodes.push(parseAction(part.action));
    }
    if (opened !== undefined) throw new TemplateError(`{{${opened}}} has no {{end}}`);
    return { nodes, end: "" };
  }

  function parseBlock(kind: "if" | "with" | "range", head: string): TemplateNode {
    const variables = kind === "range" ? /^(\$\w+)\s*(?:,\s*(\$\w+)\s*)?:=/.exec(head) : null;
    const value = parsePipeline(head.slice(variables?.[0].length ?? 0), known);
    const { nodes: body, end } = parseNodes(kind);
    const otherwise = end === "end" ? [] : parseElse(kind, end.replace(/^else\s*/, ""));
    if (kind !== "range") return { kind, value, body, otherwise };
    return { kind, variables: variables?.slice(1).filter((name) => name !== undefined) ?? [], value, body, otherwise };
  }

  /** Parses what follows `else`: nothing, or another condition with the same `end`. */
  function parseElse(kind: string, rest: string): readonly TemplateNode[] {
    const [, word, condition = ""] = /^(if|with)\s+(.*)$/s.exec(rest) ?? [];
    if (word === "if" || word === "with") return [parseBlock(word, condition)];
    if (rest !== "") throw new TemplateError(`{{else ${rest}}}: nothing is expected after else`);
    const { nodes, end } = parseNodes(kind);
    if (end !== "end") throw new TemplateError(`{{${kind}}} has two {{else}}`);
    return nodes;
  }

  function parseAction(action: string): TemplateNode {
    const [all, name] = /^(\$\w+)\s*:=\s*/.exec(action) ?? [];
    if (all === undefined || name === undefined) return { kind: "output", value: parsePipeline(action, known) };
    return { kind: "assign", name, value: parsePipeline(action.slice(all.length), known) };
  }

  return parseNodes(undefined).nodes;
}

/** Splits a template into texts and actions, by turns; the blanks beside `{{-` and `-}}` are gone. */
function splitActions(text: string): (string | { readonly action: string })[] {
  const parts: (string | { readonly action: string })[] = [];
  let from = 0;
  let trims = false;
  const addText = (end: number, trimsEnd: boolean) => {
    const piece = text.slice(from, end);
    if (piece.includes("{{")) throw new TemplateError("{{ without }}");
    const begun = trims ? piece.trimStart() : piece;
    parts.push(trimsEnd ? begun.trimEnd() : begun);
  };
  for (const match of text.matchAll(ACTION)) {
    const [all, before, action = "", after] = match;
    addText(match.index, before !== undefined);
    parts.push({ action: action.trim() });
    from = match.index + all.length;
    trims = after !== undefined;
  }
  addText(text.length, false);
  return parts;
}

/** Parses `value | function | …`: the value before a bar is the last argument of the function after it. */
function parsePipeline(text: string, functions: ReadonlySet<string>): Expression {
  const tokens = tokensOf(text);
  let at = 0;

  function pipeline(end: ")" | undefined): Expression {
    let value = command(undefined);
    while (tokens[at]?.text === "|") {
      at += 1;
      value = command(value);
    }
    if (tokens[at]?.text !== end) {
      const found = tokens[at]?.text;
      throw new TemplateError(
        `{{${text}}}: ${found === undefined ? `a ${end} is missing` : `"${found}" is not expected there`}`,
      );
    }
    at += 1;
    return value;
  }

  function command(before: Expression | undefined): Expression {
    const token = tokens[at]?.text ?? "";
    if (/^[A-Za-z_]/.test(token) && !(token in WORDS)) {
      at += 1;
      return call(token, [...operands(), ...(before === undefined ? [] : [before])], functions);
    }
    const [value, ...rest] = operands();
    if (value === undefined) throw new TemplateError(`{{${text}}}: a value is missing`);
    const values = [...rest, ...(before === undefined ? [] : [before])];
    if (values.length === 0) return value;
    if (value.kind === "field") return { ...value, values };
    throw new TemplateError(`{{${text}}}: only functions and fields take arguments`);
  }

  function operands(): Expression[] {
    const values: Expression[] = [];
    for (let value = operand(); value !== undefined; value = operand()) values.push(value);
    return values;
  }

  function operand(): Expression | undefined {
    const token = tokens[at]?.text;
    if (token === undefined || token === "|" || token === ")") return undefined;
    at += 1;
    if (token === "(") return withFields(pipeline(")"));
    if (token === ".") return { kind: "dot" };
    if (token.startsWith(".")) return fieldsOf({ kind: "dot" }, token);
    if (token.startsWith("$")) return withFields({ kind: "variable", name: token });
    if (token.startsWith('"')) return { kind: "literal", value: unquote(token) };
    if (token.startsWith("`")) return { kind: "literal", value: token.slice(1, -1) };
    if (/^-?\d/.test(token)) return { kind: "literal", value: Number(token) };
    if (token in WORDS) return { kind: "literal", value: WORDS[token] ?? null };
    if (/^[A-Za-z_]/.test(token)) return call(token, [], functions);
    throw new TemplateError(`{{${text}}}: "${token}" is not expected there`);
  }

  /** A field after a blank is a value of its own: `index $x .Name`. */
  function withFields(of: Expression): Expression {
    const token = tokens[at];
    if (token === undefined || token.afterBlank || !/^\.\w/.test(token.text)) return of;
    at += 1;
    return fieldsOf(of, token.text);
  }

  return pipeline(undefined);
}

function call(name: string, values: readonly Expression[], functions: ReadonlySet<string>): Expression {
  if (functions.has(name)) return { kind: "call", name, values };
  const near = closest(name, functions);
  // The most common slip: `{{Names}}`.
  const hint = near === undefined ? `write .${name} for a field` : `did you mean "${near}"?`;
  throw new TemplateError(`unknown function "${name}" (${hint})`);
}

const WORDS: Readonly<Record<string, boolean | null>> = Object.assign(Object.create(null), {
  true: true,
  false: false,
  nil: null,
});

function fieldsOf(of: Expression, token: string): Expression {
  return { kind: "field", of, names: token.slice(1).split("."), values: [] };
}

interface Token {
  readonly text: string;
  readonly afterBlank: boolean;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const [, blank, token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new TemplateError(`{{${text}}}: "${text.slice(from).trim()}" cannot be read`);
    tokens.push({ text: token, afterBlank: blank !== "" });
  }
  return tokens;
}

function unquote(token: string): string {
  try {
    const text: unknown = JSON.parse(token.replaceAll("\\'", "'"));
    if (typeof text === "string") return text;
  } catch {
    // Go does not accept such a string either.
  }
  throw new TemplateError(`${token} cannot be read`);
}

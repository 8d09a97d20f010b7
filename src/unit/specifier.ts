/**
 * A part of a value that systemd replaces: %specifiers when it loads the unit (systemd.unit(5), "Specifiers"), `${VAR}`
 * and `$VAR` when it runs a command (systemd.service(5), "Command lines").
 */
export interface Expansion {
  /** `escape` is `%%` or `$$`, which stand for the character. */
  readonly kind: "specifier" | "variable" | "escape";
  /** Its start in the text and its length, in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  /** The specifier's letter or the variable's name; `%` or `$` for an escape. */
  readonly name: string;
}

/** Letters with a meaning in unit files as of systemd 252; `c`, `r` and `R` are deprecated. `D` came with 255. */
const SPECIFIER_LETTERS = "aAbBcCdDEfgGhHiIjJlLmMnNopPqrRsStTuUvVwWyY";

/**
 * Whether `%letter` is a specifier of systemd in unit files. systemd refuses a value with any other letter or digit.
 */
export function isSpecifier(letter: string): boolean {
  return letter.length === 1 && SPECIFIER_LETTERS.includes(letter);
}

/**
 * Every `%` with a letter or digit, known or not, and every `%%`, in order. Before any other character a `%` is
 * literal.
 */
export function scanSpecifiers(text: string): Expansion[] {
  return Array.from(text.matchAll(/%([0-9A-Za-z%])/g), ({ index, 1: name = "" }) => ({
    kind: name === "%" ? "escape" : "specifier",
    offset: index,
    length: 2,
    name,
  }));
}

/** Every `${VAR}` and `$$` of a command's word, and `$VAR` if that is the whole word. */
export function scanVariables(word: string): Expansion[] {
  if (/^\$[^{$]/.test(word)) return [{ kind: "variable", offset: 0, length: word.length, name: word.slice(1) }];
  const found: Expansion[] = [];
  for (let at = word.indexOf("$"); at >= 0; at = word.indexOf("$", at)) {
    const next = word.charAt(at + 1);
    const close = next === "{" ? word.indexOf("}", at) : -1;
    // Without a closing brace here, the rest has none either.
    if (next === "{" && close < 0) break;
    if (next === "$") found.push({ kind: "escape", offset: at, length: 2, name: "$" });
    if (next === "{")
      found.push({ kind: "variable", offset: at, length: close + 1 - at, name: word.slice(at + 2, close) });
    at = next === "$" ? at + 2 : next === "{" ? close + 1 : at + 1;
  }
  return found;
}

/** Whether the text contains a specifier, known or not; `%%` is none. */
export function hasSpecifiers(text: string): boolean {
  return scanSpecifiers(text).some(({ kind }) => kind === "specifier");
}

export interface Expanded {
  readonly text: string;
  /** Specifiers without a value in the table; they are left unchanged. */
  readonly unresolved: readonly Expansion[];
}

/** Replaces `%%` by `%` and each specifier by its value in the table (letter to text). */
export function expandSpecifiers(text: string, table: Readonly<Record<string, string>>): Expanded {
  const unresolved: Expansion[] = [];
  let expanded = "";
  let from = 0;
  for (const expansion of scanSpecifiers(text)) {
    const value =
      expansion.kind === "escape" ? "%" : Object.hasOwn(table, expansion.name) ? table[expansion.name] : undefined;
    if (value === undefined) {
      unresolved.push(expansion);
      continue;
    }
    expanded += text.slice(from, expansion.offset) + value;
    from = expansion.offset + expansion.length;
  }
  return { text: expanded + text.slice(from), unresolved };
}

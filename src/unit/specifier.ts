/**
 * What systemd replaces in a value: %specifiers when it loads the unit (systemd.unit(5), "Specifiers"), `${VAR}` and
 * `$VAR` when it runs a command (systemd.service(5), "Command lines").
 */
export interface Expansion {
  /** `escape` is `%%` or `$$`, which stand for the character. */
  readonly kind: "specifier" | "variable" | "escape";
  /** Where it begins in the text, and how many characters it takes. */
  readonly offset: number;
  readonly length: number;
  /** The specifier's letter or the variable's name; `%` or `$` for an escape; empty for a `%` at the end. */
  readonly name: string;
}

/** Letters that systemd 252 and later replace in unit files; `c`, `r` and `R` are deprecated, `D` is as of 255. */
const SPECIFIER_LETTERS = "aAbBcCdDEfgGhHiIjJlLmMnNopPqrRsStTuUvVwWyY";

/** Whether `%letter` is a specifier that systemd knows in unit files. It leaves others as they are. */
export function isSpecifier(letter: string): boolean {
  return letter.length === 1 && SPECIFIER_LETTERS.includes(letter);
}

/** Every `%x` and `%%` of the text, in order, known letters or not. */
export function scanSpecifiers(text: string): Expansion[] {
  const found: Expansion[] = [];
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", at + 2)) {
    const name = String.fromCodePoint(...(at + 1 < text.length ? [text.codePointAt(at + 1) ?? 0] : []));
    found.push({ kind: name === "%" ? "escape" : "specifier", offset: at, length: 1 + name.length, name });
  }
  return found;
}

/** Every `${VAR}` and `$$` of a command's word, and `$VAR` if that is the whole word. */
export function scanVariables(word: string): Expansion[] {
  if (/^\$[^{$]/.test(word)) return [{ kind: "variable", offset: 0, length: word.length, name: word.slice(1) }];
  const found: Expansion[] = [];
  for (let at = word.indexOf("$"); at >= 0; at = word.indexOf("$", at)) {
    const next = word.charAt(at + 1);
    const close = next === "{" ? word.indexOf("}", at) : -1;
    // Without a closing brace there is none in the rest either.
    if (next === "{" && close < 0) break;
    if (next === "$") found.push({ kind: "escape", offset: at, length: 2, name: "$" });
    if (next === "{")
      found.push({ kind: "variable", offset: at, length: close + 1 - at, name: word.slice(at + 2, close) });
    at = next === "$" ? at + 2 : next === "{" ? close + 1 : at + 1;
  }
  return found;
}

/** Whether systemd would replace any specifier in the text, `%%` not counted. */
export function hasSpecifiers(text: string): boolean {
  return scanSpecifiers(text).some(({ kind, name }) => kind === "specifier" && isSpecifier(name));
}

export interface Expanded {
  readonly text: string;
  /** What the table has no value for; it is left as it was. */
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

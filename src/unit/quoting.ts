import { isEscapedByte } from "./text.ts";
import { isUnicodeCharacter } from "./words.ts";

export interface QuoteOptions {
  /**
   * `literal`: the program receives exactly this text. `expanded`: systemd replaces %specifiers, `${VAR}` and `$VAR` in
   * it, as in a hand-written unit; `%%` and `$$` stand for the characters.
   */
  readonly expand?: "literal" | "expanded";
}

/**
 * A word of a command line (ExecStart= and its like), so that systemd splits off exactly this argument.
 * A NUL, which no argument can hold, becomes U+FFFD.
 */
export function quoteExecWord(word: string, options: QuoteOptions = {}): string {
  const text = options.expand === "expanded" ? word : word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  // Unquoted, it would separate two commands.
  return text === ";" ? '";"' : quoteWord(text);
}

/** A whole command line of literal words. */
export function quoteExecLine(words: readonly string[], options: QuoteOptions = {}): string {
  return words.map((word) => quoteExecWord(word, options)).join(" ");
}

/** `NAME=value` for Environment=: systemd replaces specifiers there, but no variables. */
export function quoteEnvironment(name: string, value: string, options: QuoteOptions = {}): string {
  const text = `${name}=${value}`;
  return quoteWord(options.expand === "expanded" ? text : text.replaceAll("%", "%%"));
}

/**
 * A path for a list such as RequiresMountsFor=, where systemd knows no C escapes but takes the character after a
 * backslash as it is. undefined if the path holds a line end or NUL, which cannot be written there.
 */
export function quotePath(path: string, options: QuoteOptions = {}): string | undefined {
  if (/[\n\r\0]/.test(path)) return undefined;
  const text = options.expand === "expanded" ? path : path.replaceAll("%", "%%");
  if (text !== "" && !/[\s"'\\]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A single value that is not split into words (Description=, SourcePath=), so that systemd takes it literally. */
export function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

const TO_QUOTE = /[\s"'\\\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}]/u;
const TO_ESCAPE = /[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}]/u;

/** The word in double quotes, if it needs them, with escapes that systemd's cunescape() decodes. */
function quoteWord(text: string): string {
  if (text !== "" && !TO_QUOTE.test(text)) return text;
  // Most words need quotes only for blanks and quotes.
  if (!TO_ESCAPE.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  let inner = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const named = NAMED_ESCAPES[character];
    if (named !== undefined) inner += named;
    else if (code === 0) inner += "\ufffd";
    else if (code < 0x20 || code === 0x7f) inner += hexEscape(code);
    else if (isEscapedByte(code)) inner += hexEscape(code - 0xdc00);
    else if (isUnicodeCharacter(code)) inner += character;
    else inner += [...new TextEncoder().encode(character)].map(hexEscape).join("");
  }
  return `"${inner}"`;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

import { decodeText, encodeText } from "./text.ts";

/**
 * How a value is split into words. White space separates words; quotes, `"…"` and `'…'`, are removed anywhere in a
 * word.
 * - `plain` (Quadlet's class W): a backslash is an ordinary character.
 * - `escaped` (Quadlet's classes A, C and K): C escapes; `\xHH` and `\OOO` above 127 are code points.
 * - `systemd` (systemd's own command lines and Environment=): C escapes; `\xHH` and `\OOO` are bytes.
 * - `backslash` (systemd's lists of paths, RequiresMountsFor=): a backslash makes the next character literal.
 */
export type WordStyle = "plain" | "escaped" | "systemd" | "backslash";

export interface Word {
  /** Quotes removed, escapes decoded. */
  readonly text: string;
  /** The word's range in the value, quotes included. */
  readonly offset: number;
  readonly end: number;
  /** Whether any part was in quotes: some readers distinguish `"{"` and `";"` from the bare characters. */
  readonly quoted: boolean;
}

export interface WordProblem {
  readonly code: "unbalanced-quote" | "unknown-escape" | "trailing-backslash";
  /** The place in the value. */
  readonly offset: number;
  readonly message: string;
}

export interface Words {
  readonly words: readonly Word[];
  /**
   * At most {@link MAX_PROBLEMS}. Quadlet drops such an assignment, mostly silently; here the caller decides.
   */
  readonly problems: readonly WordProblem[];
}

/** More problems of one value help no reader, and placing each costs the length of its line. */
const MAX_PROBLEMS = 10;

/**
 * Splits a value into words; never throws. It returns words even if there are problems: an open quote ends with the
 * value, an unknown escape stands for itself. Unlike for Quadlet, an empty word (`""`) is an ordinary word and does not
 * end the value.
 */
export function splitWords(value: string, style: WordStyle): Words {
  if (!/["'\\]/.test(value)) return { words: splitPlainWords(value), problems: [] };
  const words: Word[] = [];
  const problems: WordProblem[] = [];
  const report: Report = (code, offset, message) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, offset, message });
  };
  for (let at = skipSeparators(value, 0); at < value.length; ) {
    const word = readWord(value, at, style, report);
    words.push(word);
    at = skipSeparators(value, word.end);
  }
  return { words, problems };
}

type Report = (code: WordProblem["code"], offset: number, message: string) => void;

/** The word that begins at value[offset]. */
function readWord(value: string, offset: number, style: WordStyle, report: Report): Word {
  const parts: string[] = [];
  let open: { readonly quote: string; readonly offset: number } | undefined;
  let quoted = false;
  let bytes = false;
  let plainFrom = offset;
  let at = nextSpecial(value, offset);
  while (at < value.length) {
    const character = value.charAt(at);
    const role = roleOf(character, open?.quote, style);
    if (role === "end") break;
    if (role === "ordinary") {
      at = nextSpecial(value, at + 1);
      continue;
    }
    parts.push(value.slice(plainFrom, at));
    let length = 1;
    if (role === "escape") {
      const found = readEscape(value, at, style);
      if (found.problem !== undefined) report(found.problem, at, escapeMessage(found.problem, value, at));
      parts.push(found.text);
      bytes ||= found.byte;
      length = found.length;
    } else {
      open = open === undefined ? { quote: character, offset: at } : undefined;
      quoted = true;
    }
    plainFrom = at + length;
    at = nextSpecial(value, plainFrom);
  }
  parts.push(value.slice(plainFrom, at));
  if (open !== undefined) report("unbalanced-quote", open.offset, `no closing ${open.quote}`);
  const text = parts.join("");
  // Bytes given one by one may form UTF-8 together.
  return { text: bytes ? decodeText(encodeText(text)) : text, offset, end: at, quoted };
}

const SPECIAL = /[ \t\n\r"'\\]/g;

/** Offset of the next character that may not stand for itself; the value's length if there is none. */
function nextSpecial(value: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.test(value) ? SPECIAL.lastIndex - 1 : value.length;
}

/** The effect of a special character in a word: outside of quotes, or inside of those that `quote` has opened. */
function roleOf(
  character: string,
  quote: string | undefined,
  style: WordStyle,
): "escape" | "quote" | "end" | "ordinary" {
  if (character === "\\") return style === "plain" ? "ordinary" : "escape";
  if (quote !== undefined) return character === quote ? "quote" : "ordinary";
  return isSeparator(character) ? "end" : "quote";
}

/** The common case: a value without quotes and backslashes. */
function splitPlainWords(value: string): Word[] {
  const words: Word[] = [];
  const pattern = /[^ \t\n\r]+/g;
  for (let match = pattern.exec(value); match !== null; match = pattern.exec(value)) {
    words.push({ text: match[0], offset: match.index, end: pattern.lastIndex, quoted: false });
  }
  return words;
}

/** `NAME=VALUE`, or a bare `NAME`, as a word of a map (Quadlet's class K, Environment= of systemd). */
export interface Assignment {
  readonly name: string;
  /** Absent if the word has no `=`. */
  readonly value?: string;
  readonly word: Word;
}

/** A word split at its first `=`. */
export function splitAssignment(word: Word): Assignment {
  const equals = word.text.indexOf("=");
  if (equals < 0) return { name: word.text, word };
  return { name: word.text.slice(0, equals), value: word.text.slice(equals + 1), word };
}

/**
 * A single string (Quadlet's class S): one pair of double quotes around the whole is removed; escapes inside are kept.
 */
export function unquoteString(value: string): string {
  const paired = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return paired ? value.slice(1, -1) : value;
}

interface Escape {
  readonly text: string;
  /** Its length in the value, backslash included. */
  readonly length: number;
  /** Whether `text` is one raw byte, in the form that text.ts gives to bytes that are not UTF-8. */
  readonly byte: boolean;
  readonly problem?: "unknown-escape" | "trailing-backslash";
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

/** The escape at value[at], a backslash; after systemd's cunescape_one(). */
function readEscape(value: string, at: number, style: WordStyle): Escape {
  const letter = value.charAt(at + 1);
  if (letter === "")
    return { text: style === "escaped" ? "" : "\\", length: 1, byte: false, problem: "trailing-backslash" };
  if (style === "backslash") return { text: letter, length: 2, byte: false };
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { text: simple, length: 2, byte: false };
  const number = readNumber(value, at + 1);
  if (number === undefined) return { text: "\\", length: 1, byte: false, problem: "unknown-escape" };
  const byte = number.byte && number.code > 0x7f && style === "systemd";
  const text = byte ? String.fromCharCode(0xdc00 + number.code) : String.fromCodePoint(number.code);
  return { text, length: 1 + number.length, byte };
}

interface NumberForm {
  readonly letter: string;
  readonly digits: RegExp;
  readonly base: 8 | 16;
  readonly byte: boolean;
  /** Whether the number is a valid character; NUL never is. */
  readonly accepts: (code: number) => boolean;
}

const NUMBER_FORMS: readonly NumberForm[] = [
  { letter: "x", digits: /^[0-9a-fA-F]{2}/, base: 16, byte: true, accepts: () => true },
  { letter: "u", digits: /^[0-9a-fA-F]{4}/, base: 16, byte: false, accepts: (code) => (code & 0xf800) !== 0xd800 },
  { letter: "U", digits: /^[0-9a-fA-F]{8}/, base: 16, byte: false, accepts: isUnicodeCharacter },
  { letter: "", digits: /^[0-7]{3}/, base: 8, byte: true, accepts: (code) => code <= 0xff },
];

/**
 * `xHH`, `OOO`, `uHHHH` or `UHHHHHHHH` at value[at]. Refuses what systemd refuses, and surrogates in
 * any form.
 */
function readNumber(value: string, at: number): { code: number; length: number; byte: boolean } | undefined {
  for (const { letter, digits, base, byte, accepts } of NUMBER_FORMS) {
    if (!value.startsWith(letter, at)) continue;
    const from = at + letter.length;
    const match = digits.exec(value.slice(from, from + 8));
    if (match === null) continue;
    const code = Number.parseInt(match[0], base);
    return code !== 0 && accepts(code) ? { code, length: letter.length + match[0].length, byte } : undefined;
  }
  return undefined;
}

/** As systemd's unichar_is_valid(): no surrogates, no noncharacters. */
export function isUnicodeCharacter(code: number): boolean {
  return (
    code <= 0x10ffff && (code & ~0x7ff) !== 0xd800 && !(code >= 0xfdd0 && code <= 0xfdef) && (code & 0xfffe) !== 0xfffe
  );
}

function escapeMessage(problem: "unknown-escape" | "trailing-backslash", value: string, at: number): string {
  if (problem === "trailing-backslash") return "backslash at the end";
  const next = String.fromCodePoint(value.codePointAt(at + 1) ?? 0xfffd);
  return `unknown escape \\${/[\p{Cc}\p{Surrogate}]/u.test(next) ? "\ufffd" : next}`;
}

function isSeparator(character: string): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

function skipSeparators(value: string, from: number): number {
  let at = from;
  while (at < value.length && isSeparator(value.charAt(at))) at++;
  return at;
}

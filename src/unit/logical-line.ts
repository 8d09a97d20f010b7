import { countCodePoints } from "./text.ts";

/** A place in a file: line and column from 1, the column in Unicode code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A line that systemd reads differently, or that ends too early. */
export interface Oddity extends Position {
  readonly code: "blank-in-continuation" | "escaped-continuation" | "open-continuation";
  readonly message: string;
}

/** The start of one physical line's part of a logical line. */
export interface Piece extends Position {
  /** Offset of the part in the logical line, in UTF-16 units. */
  readonly offset: number;
}

/** Physical lines that backslashes join. */
export interface LogicalLine {
  /** The lines trimmed, without backslashes and comments, concatenated. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Where the next line begins, and its number. */
  readonly next: number;
  readonly nextLine: number;
  /** Whether systemd joins the same lines. */
  readonly sameForSystemd: boolean;
  readonly oddities: readonly Oddity[];
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/**
 * Reads the logical line whose first physical line, number `line`, begins at text[start]; one line if none continues.
 */
export function readLogicalLine(text: string, start: number, line: number): LogicalLine {
  const parts: string[] = [];
  const pieces: Piece[] = [];
  const oddities: Oddity[] = [];
  let at = start;
  let number = line;
  let length = 0;
  let sameForSystemd = true;
  let blankLine = 0;
  let backslash: Position | undefined;
  do {
    const lineStart = at;
    const end = endOfLine(text, at);
    const from = skipSpace(text, lineStart, end);
    const to = trimSpace(text, from, end);
    at = Math.min(end + 1, text.length);
    number++;
    if (from === to) {
      blankLine ||= number - 1;
      sameForSystemd = false;
      continue;
    }
    if (pieces.length > 0 && isComment(text, from)) continue;
    if (blankLine > 0) {
      const message = "blank line inside a continued line: it goes on here, but for systemd it ends";
      oddities.push({ code: "blank-in-continuation", line: blankLine, column: 1, message });
      blankLine = 0;
    }
    pieces.push({ offset: length, line: number - 1, column: 1 + countCodePoints(text, lineStart, from) });
    const continues = endsInBackslash(text, to);
    const part = text.slice(from, continues ? to - 1 : to);
    parts.push(part);
    length += part.length;
    backslash = undefined;
    if (!continues) continue;
    backslash = { line: number - 1, column: 1 + countCodePoints(text, lineStart, to - 1) };
    sameForSystemd &&= isLastInLine(text, to - 1);
    if (isEscaped(text, to - 1)) {
      const message = "the line is continued, but for systemd the backslash before this one escapes it";
      oddities.push({ code: "escaped-continuation", ...backslash, message });
      sameForSystemd = false;
    }
  } while (backslash !== undefined && at < text.length);
  if (backslash !== undefined) {
    sameForSystemd = false;
    oddities.push({
      code: "open-continuation",
      ...backslash,
      message: "nothing follows the line that this backslash continues",
    });
  }
  return { text: parts.join(""), pieces, next: at, nextLine: number, sameForSystemd, oddities };
}

/** Offset of the line feed that ends the line text[at] is in, or of the end of the text. */
export function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** Whether a comment begins here, at the first character of a line that is not white space. */
export function isComment(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === HASH || unit === SEMICOLON;
}

/** Whether the line whose trimmed text ends before text[to] continues on the next one. */
export function endsInBackslash(text: string, to: number): boolean {
  return text.charCodeAt(to - 1) === BACKSLASH;
}

/** Offset of the first character of text[from, to) that is not white space, or `to`. */
export function skipSpace(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) <= BLANK && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Offset after the last character of text[from, to) that is not white space, or `from`. */
export function trimSpace(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && text.charCodeAt(at - 1) <= BLANK && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** White space inside a line for systemd: less than in Unicode. */
function isSpace(unit: number): boolean {
  return unit === BLANK || unit === TAB || unit === CARRIAGE_RETURN;
}

/** For systemd, white space after a backslash prevents a continuation. */
function isLastInLine(text: string, at: number): boolean {
  const after = text.charCodeAt(at + 1);
  return after === LINE_FEED || (after === CARRIAGE_RETURN && text.charCodeAt(at + 2) === LINE_FEED);
}

/** Whether the backslash text[at] is the second of a pair. */
function isEscaped(text: string, at: number): boolean {
  let before = 0;
  while (text.charCodeAt(at - 1 - before) === BACKSLASH) before++;
  return before % 2 === 1;
}

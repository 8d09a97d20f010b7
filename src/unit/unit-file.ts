import { checkCharacters } from "./characters.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Filler, Item, Piece, Position } from "./entry.ts";
import { countCodePoints, decodeText, encodeText } from "./text.ts";

/** A unit file (or a Quadlet file, or a drop-in) as its items in order; nothing of the text is lost. */
export interface UnitFile {
  readonly path: string;
  readonly items: readonly Item[];
  /** Of the syntax only: what keys and values mean is not known here. In order of position. */
  readonly diagnostics: readonly Diagnostic[];
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH = 0x23;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
/** systemd gives up on the whole file for a control character, quote or backslash in a header. */
const FORBIDDEN_IN_SECTION = /[[\]\x00-\x1f\x7f"'\\]/;

/**
 * Parses a unit file; never throws, in linear time. The syntax is systemd.syntax(7) as Quadlet reads it: lines are
 * trimmed, `#` and `;` begin comments, a backslash at the end of a line continues it, comments and blank lines inside a
 * continuation are skipped. What is wrong becomes a diagnostic, and the rest of the file is read all the same.
 */
export function parseUnitFile(path: string, bytes: Uint8Array): UnitFile {
  return parseUnitText(path, decodeText(bytes));
}

/** As {@link parseUnitFile}, for text that is at hand already. */
export function parseUnitText(path: string, text: string): UnitFile {
  return new Parser(path, text).parse();
}

/** The file's bytes again; of an unchanged file exactly those that were parsed. */
export function printUnitFile(file: UnitFile): Uint8Array {
  const parts: string[] = [];
  for (const item of file.items) parts.push(item.raw);
  return encodeText(parts.join(""));
}

class Parser {
  readonly #path: string;
  readonly #text: string;
  readonly #items: Item[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  /** Start of the next physical line, and its number. */
  #at = 0;
  #line = 1;
  #section = "";
  /** One report of keys without a section is enough, and none where a broken header is the reason. */
  #reportedOrphan = false;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  parse(): UnitFile {
    if (this.#text.startsWith("\ufeff")) this.#byteOrderMark();
    while (this.#at < this.#text.length) this.#item();
    const diagnostics = [...this.#diagnostics, ...checkCharacters(this.#path, this.#text)];
    diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
    return { path: this.#path, items: this.#items, diagnostics };
  }

  /** systemd skips it at the start of a file; it counts as no column. */
  #byteOrderMark(): void {
    this.#at = 1;
    this.#filler("byte-order-mark", 0, { line: 1, column: 1 });
  }

  /** One item: a physical line, or several that are joined by continuation. */
  #item(): void {
    const start = this.#at;
    const line = this.#line;
    const end = this.#endOfLine();
    const from = skipSpace(this.#text, start, end);
    const to = trimSpace(this.#text, from, end);
    this.#nextLine(end);
    const place = this.#place(start, from, line);
    if (from === to) {
      this.#filler("blank", start, { line, column: 1 });
    } else if (isCommentCharacter(this.#text.charCodeAt(from))) {
      this.#filler("comment", start, place);
    } else if (this.#text.charCodeAt(to - 1) === BACKSLASH) {
      this.#continued(start, from, to, { offset: 0, ...place });
    } else {
      this.#logicalLine(start, this.#text.slice(from, to), [{ offset: 0, ...place }], true);
    }
  }

  /** The lines from text[start] on that backslashes join; the first, text[from, to), ends in one. */
  #continued(start: number, from: number, to: number, first: Piece): void {
    const text = this.#text;
    const parts = [text.slice(from, to - 1)];
    const pieces = [first];
    let length = to - 1 - from;
    let backslash = this.#place(start, to - 1, first.line);
    let safe = this.#continuesForSystemd(to - 1, backslash);
    let blankLine = 0;
    let ended = false;
    while (!ended && this.#at < text.length) {
      const lineStart = this.#at;
      const line = this.#line;
      const end = this.#endOfLine();
      const partStart = skipSpace(text, lineStart, end);
      const partEnd = trimSpace(text, partStart, end);
      this.#nextLine(end);
      if (partStart === partEnd) {
        blankLine ||= line;
        safe = false;
        continue;
      }
      if (isCommentCharacter(text.charCodeAt(partStart))) continue;
      if (blankLine > 0) {
        const message = "blank line inside a continued line: it goes on here, but for systemd it ends";
        this.#report("warning", "blank-in-continuation", { line: blankLine, column: 1 }, message);
        blankLine = 0;
      }
      pieces.push({ offset: length, ...this.#place(lineStart, partStart, line) });
      ended = text.charCodeAt(partEnd - 1) !== BACKSLASH;
      const part = text.slice(partStart, ended ? partEnd : partEnd - 1);
      parts.push(part);
      length += part.length;
      if (!ended) {
        backslash = this.#place(lineStart, partEnd - 1, line);
        safe = this.#continuesForSystemd(partEnd - 1, backslash) && safe;
      }
    }
    if (!ended) {
      this.#report("warning", "open-continuation", backslash, "nothing follows the line that this backslash continues");
      safe = false;
    }
    this.#logicalLine(start, parts.join(""), pieces, safe);
  }

  /**
   * Whether systemd continues the line at the backslash text[at], too: it must be the very last character, and not
   * itself be escaped by a backslash before it.
   */
  #continuesForSystemd(at: number, place: Position): boolean {
    const after = this.#text.charCodeAt(at + 1);
    const last = after === LINE_FEED || (after === CARRIAGE_RETURN && this.#text.charCodeAt(at + 2) === LINE_FEED);
    let before = 0;
    while (this.#text.charCodeAt(at - 1 - before) === BACKSLASH) before++;
    if (before % 2 === 0) return last;
    const message = "the line is continued, but for systemd the backslash before this one escapes it";
    this.#report("warning", "escaped-continuation", place, message);
    return false;
  }

  /** A section header or an assignment, continuations joined; text[start] is where its first line begins. */
  #logicalLine(start: number, logical: string, pieces: readonly Piece[], rawIsSafe: boolean): void {
    const { line, column } = pieces[0] ?? { line: this.#line, column: 1 };
    if (logical.startsWith("[")) {
      this.#header(start, logical, { line, column });
      return;
    }
    const equals = logical.indexOf("=");
    const key = equals < 0 ? "" : logical.slice(0, trimSpace(logical, 0, equals));
    if (key === "") {
      if (equals === 0) this.#report("error", "empty-key", { line, column }, "no key before the =");
      else
        this.#report(
          "error",
          "not-an-assignment",
          { line, column },
          `${quoted(logical)} is not KEY=VALUE, [SECTION] or a comment`,
        );
      this.#filler("invalid", start, { line, column });
      return;
    }
    if (this.#section === "" && !this.#reportedOrphan) {
      this.#reportedOrphan = true;
      this.#report("error", "key-outside-section", { line, column }, `key ${quoted(key)} is not in any section`);
    }
    const valueOffset = skipSpace(logical, equals + 1, logical.length);
    const value = logical.slice(valueOffset, trimSpace(logical, valueOffset, logical.length));
    this.#items.push({
      kind: "entry",
      path: this.#path,
      section: this.#section,
      key,
      value,
      line,
      column,
      raw: this.#text.slice(start, this.#at),
      rawIsSafe,
      valueOffset,
      logical,
      pieces,
    });
  }

  #header(start: number, logical: string, place: Position): void {
    const name = logical.slice(1, -1);
    if (!logical.endsWith("]") || name === "" || FORBIDDEN_IN_SECTION.test(name)) {
      this.#report("error", "bad-section-header", place, `${quoted(logical)} is not a section header`);
      // Keys that follow belong nowhere we know of, and saying so for each would only hide this error.
      this.#section = "";
      this.#reportedOrphan = true;
      this.#filler("invalid", start, place);
      return;
    }
    this.#section = name;
    const raw = this.#text.slice(start, this.#at);
    this.#items.push({ kind: "header", path: this.#path, section: name, raw, ...place });
  }

  #filler(kind: Filler["kind"], start: number, place: Position): void {
    const raw = this.#text.slice(start, this.#at);
    this.#items.push({ kind, path: this.#path, section: this.#section, raw, ...place });
  }

  /** Line and column of text[at], in the line that begins at text[lineStart]. */
  #place(lineStart: number, at: number, line: number): Position {
    return { line, column: 1 + countCodePoints(this.#text, lineStart, at) };
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #nextLine(end: number): void {
    this.#at = Math.min(end + 1, this.#text.length);
    this.#line++;
  }

  #report(severity: Diagnostic["severity"], code: string, place: Position, message: string): void {
    this.#diagnostics.push({ path: this.#path, ...place, severity, code, message });
  }
}

function isCommentCharacter(unit: number): boolean {
  return unit === HASH || unit === SEMICOLON;
}

/** What systemd takes for white space inside a line; not all that Unicode does. */
function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === CARRIAGE_RETURN;
}

function skipSpace(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function trimSpace(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** The text in quotes for a message: short, on one line, nothing in it that a terminal would act on. */
function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return `"${short.replace(/[\x00-\x1f\x7f-\x9f\p{Surrogate}]/gu, "\ufffd")}"`;
}

import { checkCharacters } from "./characters.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Entry, Header, Item, Piece } from "./entry.ts";
import { countCodePoints, decodeText, encodeText } from "./text.ts";

/** A unit file (or a Quadlet file, or a drop-in) as its items in order; nothing of the text is lost. */
export interface UnitFile {
  readonly path: string;
  readonly items: readonly Item[];
  /** Of the syntax only: what keys and values mean is not known here. In order of position. */
  readonly diagnostics: readonly Diagnostic[];
}

const HASH = 0x23;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

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
    this.#items.push({ kind: "byte-order-mark", path: this.#path, section: "", raw: "\ufeff", line: 1, column: 1 });
    this.#at = 1;
  }

  /** One item: a physical line, or several that are joined by continuation. */
  #item(): void {
    const start = this.#at;
    const line = this.#line;
    const end = this.#endOfLine();
    const first = skipSpace(this.#text, start, end);
    const last = trimSpace(this.#text, first, end);
    this.#nextLine(end);
    if (first === last) {
      this.#filler("blank", start, line, 1);
      return;
    }
    const initial = this.#text.charCodeAt(first);
    const column = 1 + countCodePoints(this.#text, start, first);
    if (initial === HASH || initial === SEMICOLON) {
      this.#filler("comment", start, line, column);
      return;
    }
    if (this.#text.charCodeAt(last - 1) !== BACKSLASH) {
      const logical = this.#text.slice(first, last);
      this.#logicalLine(start, logical, [{ offset: 0, line, column }], true);
      return;
    }
    this.#continued(start, first, last, { offset: 0, line, column });
  }

  #continued(start: number, first: number, last: number, piece: Piece): void {
    const text = this.#text;
    const parts = [text.slice(first, last - 1)];
    const pieces = [piece];
    let length = last - 1 - first;
    let safe = systemdContinues(text, last);
    let blank = 0;
    let ended = false;
    while (!ended && this.#at < text.length) {
      const lineStart = this.#at;
      const line = this.#line;
      const end = this.#endOfLine();
      const from = skipSpace(text, lineStart, end);
      let to = trimSpace(text, from, end);
      this.#nextLine(end);
      if (from === to) {
        blank ||= line;
        safe = false;
        continue;
      }
      const initial = text.charCodeAt(from);
      if (initial === HASH || initial === SEMICOLON) continue;
      if (blank > 0) {
        this.#report(
          "warning",
          "blank-in-continuation",
          blank,
          1,
          "blank line inside a continued line: systemd would end it here",
        );
        blank = 0;
      }
      pieces.push({ offset: length, line, column: 1 + countCodePoints(text, lineStart, from) });
      if (text.charCodeAt(to - 1) === BACKSLASH) {
        safe &&= systemdContinues(text, to);
        to--;
      } else {
        ended = true;
      }
      parts.push(text.slice(from, to));
      length += to - from;
    }
    const tail = pieces[pieces.length - 1] ?? piece;
    if (!ended) {
      this.#report(
        "warning",
        "open-continuation",
        tail.line,
        0,
        "the file ends inside a line continued by a backslash",
      );
      safe = false;
    }
    this.#logicalLine(start, parts.join(""), pieces, safe);
  }

  #logicalLine(start: number, logical: string, pieces: readonly Piece[], rawIsSafe: boolean): void {
    const { line, column } = pieces[0] ?? { line: this.#line, column: 1 };
    if (logical.startsWith("[")) {
      this.#header(start, logical, line, column);
      return;
    }
    const equals = logical.indexOf("=");
    const keyEnd = equals < 0 ? 0 : trimSpace(logical, 0, equals);
    if (keyEnd === 0) {
      const what =
        equals < 0 ? `${quoted(logical)} is not a section, a comment or a key=value pair` : "no key before the =";
      this.#report("error", equals < 0 ? "not-an-assignment" : "empty-key", line, column, what);
      this.#filler("invalid", start, line, column);
      return;
    }
    const key = logical.slice(0, keyEnd);
    if (this.#section === "" && !this.#reportedOrphan) {
      this.#reportedOrphan = true;
      this.#report("error", "key-outside-section", line, column, `key ${quoted(key)} is not in any section`);
    }
    const valueOffset = skipSpace(logical, equals + 1, logical.length);
    const value = logical.slice(valueOffset, trimSpace(logical, valueOffset, logical.length));
    const raw = this.#text.slice(start, this.#at);
    const entry: Entry = {
      kind: "entry",
      path: this.#path,
      section: this.#section,
      key,
      value,
      line,
      column,
      raw,
      rawIsSafe,
      valueOffset,
      logical,
      pieces,
    };
    this.#items.push(entry);
  }

  #header(start: number, logical: string, line: number, column: number): void {
    const close = logical.indexOf("]");
    const name = logical.slice(1, close < 0 ? undefined : close);
    if (close !== logical.length - 1 || name === "" || /[[\x00-\x1f\x7f]/.test(name)) {
      this.#report(
        "error",
        "bad-section-header",
        line,
        column,
        `${quoted(logical)} is not a section header`,
        "write [Name]",
      );
      // Keys that follow belong nowhere we know of, and saying so for each would only hide this error.
      this.#section = "";
      this.#reportedOrphan = true;
      this.#filler("invalid", start, line, column);
      return;
    }
    this.#section = name;
    const raw = this.#text.slice(start, this.#at);
    const header: Header = { kind: "header", path: this.#path, section: name, raw, line, column };
    this.#items.push(header);
  }

  #filler(kind: "comment" | "blank" | "invalid", start: number, line: number, column: number): void {
    const raw = this.#text.slice(start, this.#at);
    this.#items.push({ kind, path: this.#path, section: this.#section, raw, line, column });
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end < 0 ? this.#text.length : end;
  }

  #nextLine(end: number): void {
    this.#at = Math.min(end + 1, this.#text.length);
    this.#line++;
  }

  #report(
    severity: Diagnostic["severity"],
    code: string,
    line: number,
    column: number,
    message: string,
    hint?: string,
  ): void {
    const diagnostic: Diagnostic = { path: this.#path, line, column, severity, code, message };
    this.#diagnostics.push(hint === undefined ? diagnostic : { ...diagnostic, hint });
  }
}

/** systemd continues only if the backslash is the very last character and is not itself escaped. */
function systemdContinues(text: string, last: number): boolean {
  const after = text.charCodeAt(last);
  const atEnd = after === 0x0a || (after === 0x0d && text.charCodeAt(last + 1) === 0x0a);
  let backslashes = 0;
  while (text.charCodeAt(last - 1 - backslashes) === BACKSLASH) backslashes++;
  return atEnd && backslashes % 2 === 1;
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
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

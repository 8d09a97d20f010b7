import { checkCharacters } from "./characters.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Filler, Item } from "./entry.ts";
import { excerpt } from "./excerpt.ts";
import { endOfLine, endsInBackslash, isComment, readLogicalLine, skipSpace, trimSpace } from "./logical-line.ts";
import { decodeText, encodeText } from "./text.ts";

/** A unit file, Quadlet file or drop-in as a list of items; nothing of the text is lost. */
export interface UnitFile {
  readonly path: string;
  readonly items: readonly Item[];
  /** About the syntax only, not about the meaning of keys and values. In order of position. */
  readonly diagnostics: readonly Diagnostic[];
}

/** LONG_LINE_MAX of systemd, in bytes: it rejects a file with a longer line, continuations joined. */
const LINE_LENGTH_MAX = 1024 * 1024;

/** systemd rejects a file with a control character, quote or backslash in a header. */
const FORBIDDEN_IN_SECTION = /[[\]\x00-\x1f\x7f"'\\]/;

/**
 * Parses a unit file; never throws, in linear time. The syntax is systemd.syntax(7) as Quadlet reads it: lines are
 * trimmed, `#` and `;` begin comments, a backslash at the end of a line continues it, comments and blank lines inside a
 * continuation are skipped. Errors become diagnostics, and the rest of the file is read nevertheless.
 */
export function parseUnitFile(path: string, bytes: Uint8Array): UnitFile {
  return parseUnitText(path, decodeText(bytes));
}

/** {@link parseUnitFile} for decoded text. */
export function parseUnitText(path: string, text: string): UnitFile {
  return new Parser(path, text).parse();
}

/** The file's bytes; for an unchanged file exactly those that were parsed. */
export function printUnitFile(file: UnitFile): Uint8Array {
  return encodeText(file.items.map((item) => item.raw).join(""));
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
  /** `Key=value` in the usual form: nothing to trim, nothing continued. */
  readonly #plainLine = /([A-Za-z0-9_-]+)=(\S[^\n]*[^\s\\]|[^\s\\]|)\n/y;
  /** Keys without a section are reported once, and not after a broken header, which is the reason. */
  #reportedOrphan = false;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  parse(): UnitFile {
    if (this.#text.startsWith("\ufeff")) {
      // systemd skips it, and it is no column.
      this.#at = 1;
      this.#filler("byte-order-mark", 0, 1, 1);
    }
    while (this.#at < this.#text.length) this.#item();
    const diagnostics = [...this.#diagnostics, ...checkCharacters(this.#path, this.#text)];
    diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
    return { path: this.#path, items: this.#items, diagnostics };
  }

  /** One item: a physical line, or several that are joined by continuation. */
  #item(): void {
    const text = this.#text;
    const start = this.#at;
    const line = this.#line;
    this.#plainLine.lastIndex = start;
    const plain = this.#section === "" ? null : this.#plainLine.exec(text);
    if (plain !== null && plain[0].length <= LINE_LENGTH_MAX / 3) {
      this.#at = start + plain[0].length;
      this.#line = line + 1;
      this.#entry(plain[1] ?? "", plain[2] ?? "", plain[0], line, 1, true);
      return;
    }
    const end = endOfLine(text, start);
    const from = skipSpace(text, start, end);
    const to = trimSpace(text, from, end);
    const column = 1 + from - start;
    this.#at = end + 1;
    this.#line = line + 1;
    if (from === to) {
      this.#filler("blank", start, line, 1);
    } else if (isComment(text, from)) {
      this.#filler("comment", start, line, column);
    } else if (endsInBackslash(text, to)) {
      const logical = readLogicalLine(text, start, line);
      this.#at = logical.next;
      this.#line = logical.nextLine;
      for (const { code, line, column, message } of logical.oddities)
        this.#report("warning", code, line, column, message);
      this.#logicalLine(logical.text, start, line, column, logical.sameForSystemd);
    } else {
      this.#logicalLine(text.slice(from, to), start, line, column, true);
    }
    // A UTF-16 unit is at most three bytes.
    const mayBeTooLong = this.#at - start > LINE_LENGTH_MAX / 3;
    if (mayBeTooLong && encodeText(text.slice(start, this.#at)).length > LINE_LENGTH_MAX) {
      this.#report("error", "line-too-long", line, column, "the line is longer than the 1 MiB that systemd reads");
    }
  }

  /** A section header or an assignment, continuations joined; text[start] is where its first line begins. */
  #logicalLine(logical: string, start: number, line: number, column: number, rawIsSafe: boolean): void {
    if (logical.startsWith("[")) {
      this.#header(logical, start, line, column);
      return;
    }
    const equals = logical.indexOf("=");
    const key = equals < 0 ? "" : logical.slice(0, trimSpace(logical, 0, equals));
    if (key === "") {
      const message = `"${excerpt(logical)}" is not KEY=VALUE, [SECTION] or a comment`;
      if (equals < 0) this.#report("error", "not-an-assignment", line, column, message);
      else this.#report("error", "empty-key", line, column, "no key before the =");
      this.#filler("invalid", start, line, column);
      return;
    }
    if (this.#section === "" && !this.#reportedOrphan) {
      this.#reportedOrphan = true;
      this.#report("error", "key-outside-section", line, column, `key "${excerpt(key)}" is not in any section`);
    }
    const valueStart = skipSpace(logical, equals + 1, logical.length);
    const value = logical.slice(valueStart, trimSpace(logical, valueStart, logical.length));
    this.#entry(key, value, this.#text.slice(start, this.#at), line, column, rawIsSafe);
  }

  #entry(key: string, value: string, raw: string, line: number, column: number, rawIsSafe: boolean): void {
    this.#items.push({
      kind: "entry",
      path: this.#path,
      section: this.#section,
      key,
      value,
      line,
      column,
      raw,
      rawIsSafe,
    });
  }

  #header(logical: string, start: number, line: number, column: number): void {
    const name = logical.slice(1, -1);
    if (!logical.endsWith("]") || name === "" || FORBIDDEN_IN_SECTION.test(name)) {
      this.#report("error", "bad-section-header", line, column, `"${excerpt(logical)}" is not a section header`);
      // The section of the following keys is unknown; reporting each would hide this error.
      this.#section = "";
      this.#reportedOrphan = true;
      this.#filler("invalid", start, line, column);
      return;
    }
    this.#section = name;
    const raw = this.#text.slice(start, this.#at);
    this.#items.push({ kind: "header", path: this.#path, section: name, raw, line, column });
  }

  #filler(kind: Filler["kind"], start: number, line: number, column: number): void {
    const raw = this.#text.slice(start, this.#at);
    this.#items.push({ kind, path: this.#path, section: this.#section, raw, line, column });
  }

  #report(severity: Diagnostic["severity"], code: string, line: number, column: number, message: string): void {
    this.#diagnostics.push({ path: this.#path, line, column, severity, code, message });
  }
}

import type { Problem } from "../../options/values/check.ts";
import type { Diagnostic } from "../../unit/diagnostic.ts";
import { type Entry, type Header, positionAt } from "../../unit/entry.ts";
import type { ParsedSource } from "./source.ts";

/** A value, or a word of one, with the place it came from. */
export interface Value {
  /** Quotes removed, escapes decoded. */
  readonly text: string;
  readonly entry: Entry;
  /** Where it begins in the entry's value. */
  readonly offset: number;
  /** Where it ends there. */
  readonly end: number;
  /** The file that the value referred to; the text is then the name of that file's object. */
  readonly target?: ParsedSource;
}

/** Collects the diagnostics of one source. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];
  /** Places with the kind of problem that have been reported: a key may be read more than once. */
  readonly #reported = new Set<string>();
  /** The path in a diagnostic of the whole file. */
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get hasErrors(): boolean {
    return this.diagnostics.some(({ severity }) => severity === "error");
  }

  /** The diagnostics by place. */
  sorted(): readonly Diagnostic[] {
    if (this.diagnostics.length < 2) return this.diagnostics;
    return this.diagnostics.toSorted(
      (a, b) => Number(a.path > b.path) - Number(a.path < b.path) || a.line - b.line || a.column - b.column,
    );
  }

  /** A problem of the file as a whole. */
  file(problem: Problem, severity: Diagnostic["severity"] = "error"): void {
    this.#add({ path: this.#path, line: 0, column: 0 }, problem, severity);
  }

  /** A problem of a section's header, or of an entry's key. */
  item(item: Header | Entry, problem: Problem, severity: Diagnostic["severity"] = "error"): void {
    this.#add(item, problem, severity);
  }

  /** A problem at `offset` of an entry's value. */
  at(entry: Entry, offset: number, problem: Problem, severity: Diagnostic["severity"] = "error"): void {
    this.#add({ path: entry.path, ...positionAt(entry, offset) }, problem, severity);
  }

  /** A problem of a value, at the part of it that the problem names; the message begins with the key. */
  value(value: Value, problem: Problem, severity: Diagnostic["severity"] = "error"): void {
    const { entry } = value;
    const whole = problem.at === undefined || problem.at === 0;
    const shown = whole || value.text.length > 60 ? "" : value.text;
    const message = `${entry.key}${shown === "" ? "" : `=${shown}`}: ${problem.message}`;
    this.at(entry, value.offset + offsetInSource(value, problem.at ?? 0), { ...problem, message }, severity);
  }

  #add(place: Pick<Diagnostic, "path" | "line" | "column">, problem: Problem, severity: Diagnostic["severity"]): void {
    const { path, line, column } = place;
    const { code, message, hint } = problem;
    const seen = `${path}:${line}:${column}:${message}`;
    if (this.#reported.has(seen)) return;
    this.#reported.add(seen);
    this.diagnostics.push({ path, line, column, severity, code, message, ...(hint === undefined ? {} : { hint }) });
  }
}

/** The place of `text[at]` in the word as written; the word's beginning if quotes or escapes inside it hide that. */
function offsetInSource(value: Value, at: number): number {
  const written = value.entry.value.slice(value.offset, value.end);
  if (written === value.text) return at;
  const quotes = written.length === value.text.length + 2 && written.slice(1, -1) === value.text;
  return quotes ? at + 1 : 0;
}

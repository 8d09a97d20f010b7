import { isSpecifier, scanSpecifiers, scanVariables } from "../../unit/specifier.ts";

/** The error of one value, before its place is known. */
export interface Problem {
  /** Stable, for machines: `bad-port`. */
  readonly code: string;
  /** The error, which names the part concerned: `"http" is not a port number`. */
  readonly message: string;
  /** How to correct it, if there is something to say. */
  readonly hint?: string;
  /** Where in the value the part concerned begins, in UTF-16 units; 0 if absent. */
  readonly at?: number;
}

/**
 * The outcome of parsing one value: the typed value, the first problem found, or {@link DEFERRED}. A value with both a
 * problem and a deferred part has the problem.
 */
export type Parsed<T> = { readonly value: T } | { readonly problem: Problem } | typeof DEFERRED;

/**
 * Systemd has yet to fill a part of the value in (see {@link isDeferred}), so there is no typed value. This is an
 * outcome at generation only; the reader of flags refuses it.
 */
export const DEFERRED = { deferred: true } as const;

/** The grammar of one value. Pure, never throws. */
export type ValueParser<T> = (text: string) => Parsed<T>;

/**
 * The problem of an outcome; undefined for a value and for one that systemd has yet to fill in. So a check of a text is
 * its parse without the result: `problemOf(parsePort(text))`.
 */
export function problemOf(parsed: Parsed<unknown>): Problem | undefined {
  return "problem" in parsed ? parsed.problem : undefined;
}

/** The value of an outcome; undefined where there is none. */
export function valueIn<T>(parsed: Parsed<T>): T | undefined {
  return "value" in parsed ? parsed.value : undefined;
}

/** A parsed value. */
export function valid<T>(value: T): { readonly value: T } {
  return { value };
}

/** A refused value. */
export function invalid(
  code: string,
  message: string,
  more: Pick<Problem, "hint" | "at"> = {},
): { readonly problem: Problem } {
  return { problem: { code, message, ...more } };
}

/** The same outcome, of a text that stands `by` characters into a longer one. */
export function shifted<T>(parsed: Parsed<T>, by: number): Parsed<T> {
  return "problem" in parsed ? { problem: { ...parsed.problem, at: (parsed.problem.at ?? 0) + by } } : parsed;
}

/** The same problem, with the word that was most likely meant, if there is one. */
export function suggesting(problem: Problem, near: string | undefined): Problem {
  return near === undefined ? problem : { ...problem, hint: `did you mean "${near}"?` };
}

/**
 * Whether systemd replaces a part of the text when it loads the unit or runs the command: a %specifier, `${VAR}`, or
 * `$VAR` as the whole word. Such text cannot be judged at generation.
 */
export function isDeferred(text: string): boolean {
  return mayBeDeferred(text) && firstExpansion(text, true) !== undefined;
}

/**
 * The first part of the text that systemd would replace in a unit: `%i`, `${PORT}`. In contrast to {@link isDeferred}
 * a `%` before any other letter than a specifier's is itself: a unit with one does not load, but a path may have one.
 */
export function unexpandedPart(text: string): string | undefined {
  return mayBeDeferred(text) ? firstExpansion(text, false) : undefined;
}

function mayBeDeferred(text: string): boolean {
  return text.includes("%") || text.includes("$");
}

function firstExpansion(text: string, unknownToo: boolean): string | undefined {
  const specifier = scanSpecifiers(text).find(
    ({ kind, name }) => kind === "specifier" && (unknownToo || isSpecifier(name)),
  );
  const found = specifier ?? scanVariables(text).find(({ kind }) => kind === "variable");
  return found === undefined ? undefined : text.slice(found.offset, found.offset + found.length);
}

/** A text in two parts at the first separator; without one, `tail` is undefined. `tailAt` is where the tail begins. */
export function splitAt(text: string, separator: string): { head: string; tail: string | undefined; tailAt: number } {
  const at = text.indexOf(separator);
  if (at < 0) return { head: text, tail: undefined, tailAt: text.length };
  return { head: text.slice(0, at), tail: text.slice(at + separator.length), tailAt: at + separator.length };
}

/** The parts of a list between separators, each with the place where it begins. */
export function splitList(text: string, separator = ","): { readonly text: string; readonly at: number }[] {
  let at = 0;
  return text.split(separator).map((part) => {
    const item = { text: part, at };
    at += part.length + separator.length;
    return item;
  });
}

/** The text in double quotes for a message; long text is cut, control characters are shown as such. */
export function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return `"${short.replace(/[\x00-\x1f\x7f-\x9f\p{Surrogate}]/gu, "\ufffd")}"`;
}

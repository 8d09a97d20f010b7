import { hasSpecifiers, scanVariables } from "../../unit/specifier.ts";

/** What is wrong with one value, before it is known where the value stands. */
export interface Problem {
  /** Stable, for machines: `bad-port`. */
  readonly code: string;
  /** What is wrong, naming the part concerned: `"http" is not a port number`. */
  readonly message: string;
  /** How to put it right, if there is something to say. */
  readonly hint?: string;
  /** Where in the value the part concerned begins, in UTF-16 units; 0 if absent. */
  readonly at?: number;
}

/**
 * Looks at one value and tells the first thing that is wrong with it, undefined if nothing is. What systemd fills in
 * later (see {@link isDeferred}) is let through.
 */
export type ValueCheck = (value: string) => Problem | undefined;

/** The same problem, with what was most likely meant, if anything is near. */
export function suggesting(problem: Problem, near: string | undefined): Problem {
  return near === undefined ? problem : { ...problem, hint: `did you mean "${near}"?` };
}

/** The same problem, of a value that stands `by` characters into a longer one. */
export function shifted(problem: Problem | undefined, by: number): Problem | undefined {
  return problem === undefined ? undefined : { ...problem, at: (problem.at ?? 0) + by };
}

/**
 * Whether systemd puts something else in the text's place when it loads the unit or runs the command: a %specifier,
 * `${VAR}`, or `$VAR` as the whole word. Such text cannot be judged at generation.
 */
export function isDeferred(text: string): boolean {
  if (!text.includes("%") && !text.includes("$")) return false;
  return hasSpecifiers(text) || scanVariables(text).some(({ kind }) => kind === "variable");
}

/** A value of a map written `name=value`: the part in front of the `=`, the part behind it, and where that begins. */
export function splitAt(text: string, separator: string): { head: string; tail: string | undefined; tailAt: number } {
  const at = text.indexOf(separator);
  if (at < 0) return { head: text, tail: undefined, tailAt: text.length };
  return { head: text.slice(0, at), tail: text.slice(at + separator.length), tailAt: at + separator.length };
}

/** The text in double quotes for a message; long text is cut, control characters are shown as such. */
export function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return `"${short.replace(/[\x00-\x1f\x7f-\x9f\p{Surrogate}]/gu, "\ufffd")}"`;
}

/**
 * A problem in a user's file, with its place: plain data that is collected over all files and shown like a compiler's.
 * Failed operations are errors instead, and are thrown.
 */
export interface Diagnostic {
  /** Path of the file, as the user knows it. */
  readonly path: string;
  /** Line, counted from 1; 0 for the whole file (for example one that cannot be read). */
  readonly line: number;
  /** Column in characters (Unicode code points), counted from 1; 0 for the whole line. */
  readonly column: number;
  readonly severity: "error" | "warning";
  /** A short name for this kind of problem, stable for machines: `unknown-key`. */
  readonly code: string;
  /** The problem, without place or severity: `unknown key "Imge" in [Container]`. */
  readonly message: string;
  /** How to fix it: `did you mean "Image"?`. */
  readonly hint?: string;
}

/** One line for people: `app.container:7:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { path, line, column, severity, message, hint } = diagnostic;
  const place = line === 0 ? path : column === 0 ? `${path}:${line}` : `${path}:${line}:${column}`;
  return `${place}: ${severity}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
}

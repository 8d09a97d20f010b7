/**
 * What is wrong with a file, and where: the user's to fix, so plain data that is collected over all files and shown
 * like a compiler's. Failed operations are errors instead, and are thrown.
 */
export interface Diagnostic {
  /** Path of the file, as the user knows it. */
  readonly path: string;
  /** Line, counted from 1; 0 when the whole file is meant (it cannot be read, for example). */
  readonly line: number;
  /** Column in characters (Unicode code points), counted from 1; 0 when the whole line is meant. */
  readonly column: number;
  readonly severity: "error" | "warning";
  /** A short name for this kind of problem, stable for machines: `unknown-key`. */
  readonly code: string;
  /** What is wrong, without place or severity: `unknown key "Imge" in [Container]`. */
  readonly message: string;
  /** How to put it right: `did you mean "Image"?`. */
  readonly hint?: string;
}

/** One line for people: `app.container:7:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { path, line, column, severity, message, hint } = diagnostic;
  const place = line === 0 ? path : column === 0 ? `${path}:${line}` : `${path}:${line}:${column}`;
  return `${place}: ${severity}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
}

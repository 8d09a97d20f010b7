import type { Diagnostic } from "./diagnostic.ts";
import { countCodePoints } from "./text.ts";

/** Characters that systemd does not accept in a unit file, comments included. */
interface ForbiddenCharacter {
  readonly code: string;
  readonly message: string;
  /** Matches the first one; not global, so that it keeps no state. */
  readonly pattern: RegExp;
}

const FORBIDDEN: readonly ForbiddenCharacter[] = [
  // systemd's read_line() ends a line at NUL and at a lone CR, so the rest would become another line.
  { code: "nul-character", message: "NUL character", pattern: /\0/ },
  { code: "stray-carriage-return", message: "carriage return inside a line", pattern: /\r(?!\n|$)/ },
  // systemd skips the first one at the start of any line; most likely files were concatenated.
  {
    code: "stray-byte-order-mark",
    message: "byte-order mark after the start of the file",
    pattern: /(?<=^|\n)\ufeff/,
  },
  // systemd ignores lines that are not UTF-8.
  { code: "invalid-utf-8", message: "invalid UTF-8", pattern: /[\udc80-\udcff]/u },
];

/** Whether the text may contain one: a single quick search instead of one for each. */
const SUSPECT = /[\0\r\ufeff\udc80-\udcff]/;

/** Diagnostics for characters that have no place in a unit file: at most one of a kind in a line. */
export function checkCharacters(path: string, text: string): Diagnostic[] {
  if (!SUSPECT.test(text)) return [];
  const present = FORBIDDEN.filter(({ pattern }) => pattern.test(text));
  const diagnostics: Diagnostic[] = [];
  if (present.length === 0) return diagnostics;
  const marked = text.startsWith("\ufeff") ? 1 : 0;
  for (let at = marked, line = 1; at < text.length; line++) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    // With the line feed, so that a pattern can test what follows a carriage return.
    const content = text.slice(at, end + 1);
    for (const { code, message, pattern } of present) {
      const index = content.search(pattern);
      if (index < 0) continue;
      const column = 1 + countCodePoints(content, 0, index);
      diagnostics.push({ path, line, column, severity: "error", code, message });
    }
    at = end + 1;
  }
  return diagnostics;
}

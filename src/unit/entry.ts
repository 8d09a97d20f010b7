import { countCodePoints } from "./text.ts";

/** A place in a file: line and column from 1, the column in Unicode code points. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where one physical line's part of a logical line (continuations joined) begins. */
export interface Piece extends Position {
  /** Offset of the part in the logical line, in UTF-16 units. */
  readonly offset: number;
}

/** `[Name]`. Every header of the file is one; sections of the same name are one section to systemd and to us. */
export interface Header extends Position {
  readonly kind: "header";
  readonly path: string;
  readonly section: string;
  /** The text as written, line end included. */
  readonly raw: string;
}

/** `Key=value`, continuation lines and the comments among them included. */
export interface Entry extends Position {
  readonly kind: "entry";
  /** File the entry was written in: after merging, that is the drop-in's path. */
  readonly path: string;
  /** Name of the section; empty if no (valid) header came before. */
  readonly section: string;
  readonly key: string;
  /**
   * The value in Quadlet's language: physical lines trimmed, the backslash at the end removed and the next line glued on
   * as it is, `a \` + `b` being `a b`. (systemd puts a blank in place of the backslash.) Quotes are not touched.
   */
  readonly value: string;
  /** The text as written, line ends included: what systemd should read itself is passed on in this form. */
  readonly raw: string;
  /** Whether systemd reads the same lines as belonging to this entry, so that `raw` may be passed on. */
  readonly rawIsSafe: boolean;
  /** Offset of the value in the logical line. */
  readonly valueOffset: number;
  readonly logical: string;
  readonly pieces: readonly Piece[];
}

/** Everything else: kept so that nothing of the file is lost. */
export interface Filler extends Position {
  readonly kind: "comment" | "blank" | "invalid" | "byte-order-mark";
  readonly path: string;
  readonly section: string;
  readonly raw: string;
}

export type Item = Header | Entry | Filler;

/** The place of `value[offset]` in the file, also if it is on a continuation line. Costs the length of that line. */
export function positionAt(entry: Entry, offset: number): Position {
  const target = Math.max(0, Math.min(entry.valueOffset + offset, entry.logical.length));
  let low = 0;
  let high = entry.pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((entry.pieces[middle]?.offset ?? 0) <= target) low = middle;
    else high = middle - 1;
  }
  const piece = entry.pieces[low];
  if (piece === undefined) return { line: entry.line, column: entry.column };
  return { line: piece.line, column: piece.column + countCodePoints(entry.logical, piece.offset, target) };
}

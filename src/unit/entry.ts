import type { Position } from "./logical-line.ts";
import { Placement } from "./placement.ts";

/** A header, `[Name]`. Headers with the same name open the same section, as for systemd. */
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
  /** The file that contains the entry: after a merge, possibly a drop-in. */
  readonly path: string;
  /** Name of the section; empty if no (valid) header came before. */
  readonly section: string;
  readonly key: string;
  /**
   * The value as Quadlet reads it: physical lines trimmed, the final backslash removed and the next line appended
   * unchanged, so that `a \` + `b` is `a b`. (systemd replaces the backslash by a blank.) Quotes are kept.
   */
  readonly value: string;
  /** The text as written, line ends included: the form in which an entry for systemd is passed on. */
  readonly raw: string;
  /** Whether systemd reads the same lines as belonging to this entry, so that `raw` may be passed on. */
  readonly rawIsSafe: boolean;
  /** The state of {@link positionAt}; few entries are ever asked for positions. */
  placement?: Placement;
}

/** Any other line, kept so that nothing of the file is lost. */
export interface Filler extends Position {
  readonly kind: "comment" | "blank" | "invalid" | "byte-order-mark";
  readonly path: string;
  readonly section: string;
  readonly raw: string;
}

export type Item = Header | Entry | Filler;

/** The place of `value[offset]` in the file, continuation lines included; the offset is in UTF-16 units. */
export function positionAt(entry: Entry, offset: number): Position {
  entry.placement ??= new Placement(entry.raw, entry.line);
  return entry.placement.at(offset);
}

/** Characters that would end the line, or continue it. */
const LINE_BREAKING = /[\n\r\0]|\\$/;

/**
 * `Key=value` as one line for systemd. Characters at which systemd ends a line (LF, CR, NUL) become blanks, so that the
 * rest is not another line.
 */
export function formatEntry(key: string, value: string): string {
  if (!LINE_BREAKING.test(value)) return `${key}=${value}\n`;
  const text = value.replace(/[\n\r\0]+/g, " ");
  // A final backslash would continue the line; systemd drops the blank.
  return `${key}=${text}${text.endsWith("\\") ? " " : ""}\n`;
}

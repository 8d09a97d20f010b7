import type { Position } from "./logical-line.ts";
import { Placement } from "./placement.ts";

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
   * The value in Quadlet's language: physical lines trimmed, the backslash at the end removed and the next line glued
   * on as it is, `a \` + `b` being `a b`. (systemd puts a blank in place of the backslash.) Quotes are not touched.
   */
  readonly value: string;
  /** The text as written, line ends included: what systemd should read itself is passed on in this form. */
  readonly raw: string;
  /** Whether systemd reads the same lines as belonging to this entry, so that `raw` may be passed on. */
  readonly rawIsSafe: boolean;
  /** What {@link positionAt} has found out so far; few entries are ever asked for positions. */
  placement?: Placement;
}

/** Everything else: kept so that nothing of the file is lost. */
export interface Filler extends Position {
  readonly kind: "comment" | "blank" | "invalid" | "byte-order-mark";
  readonly path: string;
  readonly section: string;
  readonly raw: string;
}

export type Item = Header | Entry | Filler;

/** The place of `value[offset]` in the file (the offset in UTF-16 units), also if it is on a continuation line. */
export function positionAt(entry: Entry, offset: number): Position {
  entry.placement ??= new Placement(entry.raw, entry.line);
  return entry.placement.at(offset);
}

/** What would end the line, or take in the next one. */
const LINE_BREAKING = /[\n\r\0]|\\$/;

/**
 * `Key=value` as one line for systemd. What systemd takes for the end of a line (LF, CR, NUL) becomes a blank, so that
 * the rest is no line of its own.
 */
export function formatEntry(key: string, value: string): string {
  if (!LINE_BREAKING.test(value)) return `${key}=${value}\n`;
  const text = value.replace(/[\n\r\0]+/g, " ");
  // A backslash at the very end would take in the next line; systemd drops the blank again.
  return `${key}=${text}${text.endsWith("\\") ? " " : ""}\n`;
}

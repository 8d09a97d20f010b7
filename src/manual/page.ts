/** A manual page as data. In all texts, `words` in backquotes are set bold. */
export interface Page {
  /** As in the heading: `berth-run`. */
  readonly name: string;
  /** Of the manual: 1 commands, 5 files, 8 administration. */
  readonly section: 1 | 5 | 8;
  /** One line for apropos(1), without a full stop. */
  readonly summary: string;
  readonly chapters: readonly Chapter[];
}

export interface Chapter {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  /** Words and what they mean. */
  | { readonly kind: "terms"; readonly terms: readonly Term[] }
  /** Lines to copy, set as they are. */
  | { readonly kind: "example"; readonly lines: readonly string[] }
  | { readonly kind: "subheading"; readonly text: string };

export interface Term {
  readonly term: string;
  /** Paragraphs. */
  readonly texts: readonly string[];
}

export function paragraph(text: string): Block {
  return { kind: "paragraph", text };
}

export function subheading(text: string): Block {
  return { kind: "subheading", text };
}

/** Rows of a term and its paragraphs. */
export function terms(rows: readonly (readonly [term: string, ...texts: string[]])[]): Block {
  return { kind: "terms", terms: rows.map(([term, ...texts]) => ({ term, texts })) };
}

/** An example's lines, without the first and last line break. */
export function example(text: string): Block {
  return { kind: "example", lines: text.replace(/^\n+|\n+$/g, "").split("\n") };
}

/** SEE ALSO with these pages: `berth.unit(5)`. */
export function seeAlso(pages: readonly string[]): Chapter {
  return { heading: "SEE ALSO", blocks: [paragraph(pages.map((page) => `\`${page}\``).join(", "))] };
}

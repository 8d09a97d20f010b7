import type { Block, Page } from "./page.ts";

/** The width of source lines; man(1) fills lines itself. */
const LINE_WIDTH = 80;

/** The page in the language of man(7), for groff and mandoc. `version` and `date` (YYYY-MM-DD) stand at its foot. */
export function formatPage(page: Page, version: string, date: string): string {
  const lines = [
    '.\\" Generated from the tables of berth by scripts/manual.ts.',
    `.TH ${page.name.toUpperCase()} ${page.section} ${date} "${version}" "berth"`,
    ".ad l",
    ".SH NAME",
    ...fill(`${page.name} \\- ${markup(page.summary)}`),
  ];
  for (const { heading, blocks } of page.chapters) {
    lines.push(`.SH ${heading}`);
    for (const [index, block] of blocks.entries()) lines.push(...formatBlock(block, blocks[index - 1]));
  }
  return `${lines.join("\n")}\n`;
}

function formatBlock(block: Block, before: Block | undefined): string[] {
  // A heading makes its own space.
  const first = before === undefined || before.kind === "subheading";
  switch (block.kind) {
    case "paragraph":
      return [...(first ? [] : [".PP"]), ...fill(markup(block.text))];
    case "subheading":
      return [`.SS ${escaped(block.text)}`];
    case "terms":
      return block.terms.flatMap(({ term, texts }) => [
        ".TP",
        ...guard([markup(term)]),
        ...texts.flatMap((text, index) => [...(index === 0 ? [] : [".IP"]), ...fill(markup(text))]),
      ]);
    case "example":
      return [...(first ? [] : [".PP"]), ".RS 4", ".EX", ...guard(block.lines.map(literal)), ".EE", ".RE"];
    default:
      throw new Error(`unknown block ${JSON.stringify(block satisfies never)}`);
  }
}

/** Escapes a text and turns backquotes into bold type. */
function markup(text: string): string {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? `\\fB${unbroken(literal(part), /\S+/g)}\\fR` : prose(part)))
    .join("");
}

function prose(text: string): string {
  return unbroken(escaped(text), /\b[A-Z]\w+=/g);
}

/** Prevents hyphenation, as readers copy and search for names. */
function unbroken(text: string, words: RegExp): string {
  return text.replace(words, "\\%$&");
}

/** groff_char(7): characters that typesetting would change, or that are not ASCII. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("…", "...");
}

/** As `escaped`, with straight quotes: it may be copied. */
function literal(text: string): string {
  return escaped(text).replaceAll("'", "\\(aq");
}

/** Breaks a text into source lines, each sentence on a new line: roff ends sentences only at line ends. */
function fill(text: string): string[] {
  const lines: string[] = [];
  for (const sentence of text.split(/(?<=[.:?](?:\\fR)?\)?) +(?=[A-Z\\])/)) {
    let line = "";
    for (const word of sentence.split(/ +/)) {
      if (line !== "" && line.length + 1 + word.length > LINE_WIDTH) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return guard(lines);
}

/** Escapes a dot or apostrophe at the beginning of a line, where it would begin a request. */
function guard(lines: readonly string[]): string[] {
  return lines.map((line) => (/^[.']/.test(line) ? `\\&${line}` : line));
}

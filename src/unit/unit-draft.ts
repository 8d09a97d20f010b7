import { type Entry, formatEntry, type Item } from "./entry.ts";
import { encodeText } from "./text.ts";
import type { UnitFile } from "./unit-file.ts";

/** One header with the lines below it; the first block of a file may have no header. */
interface Block {
  /** Absent before the first header, and below a broken one. */
  name?: string;
  header: string;
  readonly lines: Line[];
}

interface Line {
  /** Text with its line end; lines added together are one text. */
  text: string;
  readonly blank: boolean;
  /** The item that it is a copy of. */
  readonly item?: Item;
}

/** `[key, value]` of a line to add. */
export type Directive = readonly [key: string, value: string];

/**
 * A unit file under construction, empty or copied from a parsed one with its comments: sections are renamed, entries
 * added and replaced; then it is printed. Sections of the same name count as one; additions go to its end.
 */
export class UnitDraft {
  #blocks: Block[] = [];

  /**
   * A draft with every line of the file as written. Lines that could not be parsed become comments, and so do keys
   * outside any section: they must not join the section before a broken header.
   */
  static copyOf(file: UnitFile): UnitDraft {
    const draft = new UnitDraft();
    let block: Block | undefined;
    for (const item of file.items) {
      if (item.kind === "byte-order-mark") continue;
      if (item.kind === "header" || block === undefined) {
        block =
          item.kind === "header"
            ? { name: item.section, header: `[${item.section}]\n`, lines: [] }
            : { header: "", lines: [] };
        draft.#blocks.push(block);
      }
      if (item.kind === "header") continue;
      block.lines.push(lineOf(item));
    }
    return draft;
  }

  /** Appends `key=value` to the section, which is created at the end of the file if it does not exist. */
  append(section: string, key: string, value: string): this {
    return this.#add(section, { text: formatEntry(key, value), blank: false });
  }

  /** {@link append} for several lines. */
  appendAll(section: string, directives: readonly Directive[]): this {
    let text = "";
    for (const directive of directives) text += formatEntry(directive[0], directive[1]);
    return text === "" ? this : this.#add(section, { text, blank: false });
  }

  /** Adds `key=value` right below the section's first header, so that the file's own entries come later and win. */
  prepend(section: string, key: string, value: string): this {
    for (const block of this.#blocks) {
      if (block.name !== section) continue;
      block.lines.unshift({ text: formatEntry(key, value), blank: false });
      return this;
    }
    return this.append(section, key, value);
  }

  /** Replaces the value of an entry of the copied file, in its place. */
  replace(entry: Entry, value: string): this {
    for (const { lines } of this.#blocks) {
      for (const line of lines) if (line.item === entry) line.text = formatEntry(entry.key, value);
    }
    return this;
  }

  /** Renames sections: `[Container]` to `[X-Container]`, which systemd ignores. */
  renameSections(names: readonly string[], rename: (name: string) => string): this {
    for (const block of this.#blocks) {
      if (block.name === undefined || !names.includes(block.name)) continue;
      block.name = rename(block.name);
      block.header = `[${block.name}]\n`;
    }
    return this;
  }

  /** Removes a section with all its lines. */
  removeSection(name: string): this {
    this.#blocks = this.#blocks.filter((block) => block.name !== name);
    return this;
  }

  /** The unit's text: one blank line between sections, a line end at the end. */
  toString(): string {
    const parts: string[] = [];
    for (const { header, lines } of this.#blocks) {
      let end = lines.length;
      while (lines[end - 1]?.blank) end--;
      let text = header;
      for (let at = 0; at < end; at++) text += lines[at]?.text ?? "";
      if (text !== "") parts.push(text);
    }
    return parts.join("\n");
  }

  /** {@link toString} as bytes; bytes of the copied file that were not UTF-8 are restored. */
  print(): Uint8Array {
    return encodeText(this.toString());
  }

  #add(section: string, line: Line): this {
    let block: Block | undefined;
    for (const candidate of this.#blocks) if (candidate.name === section) block = candidate;
    if (block === undefined) {
      block = { name: section, header: `[${section}]\n`, lines: [] };
      this.#blocks.push(block);
    }
    // Before the blank lines in front of the next section.
    const { lines } = block;
    let after = lines.length;
    while (lines[after - 1]?.blank) after--;
    if (after === lines.length) lines.push(line);
    else lines.splice(after, 0, line);
    return this;
  }
}

function lineOf(item: Item): Line {
  if (item.kind === "blank") return { text: "\n", blank: true };
  if (item.kind === "entry" && item.section !== "") {
    return { item, text: item.rawIsSafe ? closed(item.raw) : formatEntry(item.key, item.value), blank: false };
  }
  const text = closed(item.raw);
  return { item, text: item.kind === "comment" ? text : text.replace(/^(?=.|\n)/gm, "# "), blank: false };
}

/** The line with a line end, and without any other character at which systemd ends a line. */
function closed(raw: string): string {
  const text = /[\r\0]/.test(raw) ? raw.replace(/\r\n/g, "\n").replace(/[\r\0]/g, " ") : raw;
  return text.endsWith("\n") ? text : `${text}\n`;
}

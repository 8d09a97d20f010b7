import { basename } from "node:path/posix";
import { formatEntry, type Item } from "./entry.ts";
import { Placement } from "./placement.ts";
import type { UnitFile } from "./unit-file.ts";
import { joinName, splitName } from "./unit-name.ts";

/**
 * Names of the directories whose `.conf` files are drop-ins of a file, most specific first. `a-b@x.container` has
 * `a-b@x.container.d`, `a-b@.container.d`, `a-@.container.d`, `a-.container.d`, `container.d`; dashes of the instance
 * do not count.
 */
export function dropInDirectories(fileName: string): string[] {
  const { prefix, instance, suffix } = splitName(fileName);
  const names = [fileName];
  if (instance !== undefined) names.push(joinName({ prefix, instance: "", suffix }));
  for (let dash = prefix.lastIndexOf("-"); dash > 0; dash = prefix.lastIndexOf("-", dash - 1)) {
    const shorter = prefix.slice(0, dash + 1);
    if (instance !== undefined) names.push(joinName({ prefix: shorter, instance: "", suffix }));
    names.push(joinName({ prefix: shorter, suffix }));
  }
  if (suffix !== "") names.push(suffix);
  return [...new Set(names)].map((name) => `${name}.d`);
}

/**
 * The first candidate of each base name, in merge order: by base name, byte for byte. Candidates are in order of
 * precedence (directory pattern first, search directory second).
 */
export function selectDropIns(candidates: readonly string[]): string[] {
  const chosen = new Map<string, string>();
  for (const path of candidates) {
    const name = basename(path);
    if (!chosen.has(name)) chosen.set(name, path);
  }
  return [...chosen].sort(([a], [b]) => compareBytes(a, b)).map(([, path]) => path);
}

/** Compares two texts by their UTF-8 bytes: the order of file names in search directories and of drop-ins. */
export function compareBytes(a: string, b: string): number {
  // Without surrogates, UTF-16 units have the same order.
  if (!/[\ud800-\udfff]/.test(a) && !/[\ud800-\udfff]/.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Merges drop-ins into a file, in the given order: each section of a drop-in is appended to the section of that name,
 * or to the file as a new section. Entries keep the path and position of their own file; diagnostics are those of all
 * files. Keys outside any section, an error in any file, are not taken from drop-ins.
 */
export function mergeUnitFiles(main: UnitFile, dropIns: readonly UnitFile[]): UnitFile {
  if (dropIns.length === 0) return main;
  const added = additionsOf(dropIns);
  const items = withAdditions(sealed(main.items), added);
  for (const additions of added.values()) {
    const last = items.at(-1);
    if (last !== undefined && last.kind !== "blank") items.push(blankAfter(last));
    for (const item of additions) items.push(item);
  }
  return { path: main.path, items, diagnostics: [main, ...dropIns].flatMap((file) => file.diagnostics) };
}

/** The additions of all drop-ins, by section: the first one's header, then all other items in order. */
function additionsOf(dropIns: readonly UnitFile[]): Map<string, Item[]> {
  const added = new Map<string, Item[]>();
  for (const dropIn of dropIns) {
    for (const [section, items] of sectionParts(dropIn)) {
      const list = added.get(section);
      if (list === undefined) added.set(section, items);
      else for (const item of withoutHeaders(items)) list.push(item);
    }
  }
  return added;
}

/** Inserts additions at the ends of existing sections and deletes them from `added`. */
function withAdditions(mainItems: readonly Item[], added: Map<string, Item[]>): Item[] {
  const items: Item[] = [];
  const ends = sectionEnds(mainItems);
  for (const [index, item] of mainItems.entries()) {
    items.push(item);
    const section = ends.get(index);
    if (section === undefined) continue;
    for (const addition of withoutHeaders(added.get(section) ?? [])) items.push(addition);
    added.delete(section);
  }
  return items;
}

const withoutHeaders = (items: readonly Item[]): Item[] => items.filter(({ kind }) => kind !== "header");

/** A drop-in's items by section, one header each; comments above the first header go with that section. */
function sectionParts(file: UnitFile): Map<string, Item[]> {
  const parts = new Map<string, Item[]>();
  let leading: Item[] = [];
  for (const item of sealed(file.items)) {
    if (item.kind === "blank" || item.kind === "byte-order-mark") continue;
    if (item.kind === "header") {
      const part = parts.get(item.section);
      if (part === undefined) parts.set(item.section, [item, ...leading]);
      leading = [];
    } else if (item.section !== "") {
      parts.get(item.section)?.push(item);
    } else if (item.kind === "comment") {
      leading.push(item);
    }
  }
  return parts;
}

/** By the index of its last item that is not blank, headers included: each section. */
function sectionEnds(items: readonly Item[]): Map<number, string> {
  const last = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    if (item.kind !== "blank" && item.section !== "") last.set(item.section, index);
  }
  return new Map([...last].map(([section, index]) => [index, section]));
}

/** The items, the last of them with a line end and without an open continuation, so that others may follow. */
function sealed(items: readonly Item[]): readonly Item[] {
  const last = items.at(-1);
  if (last === undefined) return items;
  if (last.kind === "entry" && !last.rawIsSafe) {
    // Positions still refer to the original text.
    const placement = last.placement ?? new Placement(last.raw, last.line);
    return [...items.slice(0, -1), { ...last, placement, raw: formatEntry(last.key, last.value) }];
  }
  return last.raw.endsWith("\n") ? items : [...items.slice(0, -1), { ...last, raw: `${last.raw}\n` }];
}

function blankAfter(item: Item): Item {
  const { path, section, line, column } = item;
  return { kind: "blank", path, section, line, column, raw: "\n" };
}

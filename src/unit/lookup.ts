import type { Entry, Header } from "./entry.ts";
import type { UnitFile } from "./unit-file.ts";

/** A section's entries by key, each list in order, drop-ins last: the input of the lookups below. */
export type SectionEntries = ReadonlyMap<string, readonly Entry[]>;

/** Every section of the file by name, in order of first appearance; parts of the same name are one section. */
export function indexSections(file: UnitFile): ReadonlyMap<string, SectionEntries> {
  const sections = new Map<string, Map<string, Entry[]>>();
  for (const item of file.items) {
    if (item.kind !== "header" && item.kind !== "entry") continue;
    let keys = sections.get(item.section);
    if (keys === undefined) {
      keys = new Map();
      sections.set(item.section, keys);
    }
    if (item.kind === "header") continue;
    const entries = keys.get(item.key);
    if (entries === undefined) keys.set(item.key, [item]);
    else entries.push(item);
  }
  return sections;
}

/** The headers, for diagnostics about sections. */
export function headersOf(file: UnitFile): Header[] {
  return file.items.filter((item) => item.kind === "header");
}

/** The effective assignment of a key with one value: the last, even if it is empty. */
export function lastEntry(section: SectionEntries | undefined, key: string): Entry | undefined {
  const entries = section?.get(key);
  return entries?.[entries.length - 1];
}

/**
 * The effective assignments of keys with one value, by key: the last of each, unless it is empty and thereby resets the
 * key.
 */
export function givenEntries(section: SectionEntries | undefined): ReadonlyMap<string, Entry> {
  const given = new Map<string, Entry>();
  if (section === undefined) return given;
  for (const [key, entries] of section) {
    const last = entries[entries.length - 1];
    if (last !== undefined && last.value !== "") given.set(key, last);
  }
  return given;
}

/** The effective assignments of a key with a list: those after the last empty one. */
export function listEntries(section: SectionEntries | undefined, key: string): readonly Entry[] {
  const entries = section?.get(key) ?? [];
  if (entries.length === 1 && entries[0]?.value !== "") return entries;
  const reset = entries.findLastIndex((entry) => entry.value === "");
  return reset < 0 ? entries : entries.slice(reset + 1);
}

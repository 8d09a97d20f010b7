import type { KeySpec, KeyTable, ValueClass } from "../generator/keys/key.ts";
import { sentence } from "./command-page.ts";
import { KEY_NOTES } from "./key-notes.ts";
import { type Chapter, paragraph, terms } from "./page.ts";

/** The sentence for each class of values. */
const CLASSES: Readonly<Record<ValueClass, string>> = {
  string: "",
  boolean: "Yes or no.",
  command: "Words, split and quoted as in systemd's ExecStart=.",
  lines: "May be given several times; each line is one value.",
  words: "Several words; may be given several times.",
  "exec-words": "Several words, with C escapes; may be given several times.",
  map: "NAME=VALUE words, quoted as a whole if there are blanks; may be given several times.",
};

/** The chapter of a section's supported keys. `command` has their flags: `berth run`. */
export function keyChapter(section: string, keys: KeyTable, command: string, introduction?: string): Chapter {
  const known = byName(keys).filter(({ status }) => status === "supported");
  const rows = known.map((key): readonly [string, ...string[]] => [
    `\`${key.name}=\``,
    keyText(key, command),
    ...(KEY_NOTES[section]?.[key.name] ?? []),
    `Example: \`${key.name}=${key.example}\``,
  ]);
  const blocks = [...(introduction === undefined ? [] : [paragraph(introduction)]), terms(rows)];
  return { heading: `[${section.toUpperCase()}] SECTION`, blocks };
}

/** The keys of a section that berth refuses; empty if there are none. */
export function refusedKeys(keys: KeyTable): string {
  const later = byName(keys).filter(({ status }) => status === "not supported yet");
  return later.map(({ name }) => `${name}=`).join(", ");
}

function keyText({ help, values, since, flag, prefix = "" }: KeySpec, command: string): string {
  return [
    sentence(help),
    CLASSES[values],
    ...(flag === undefined ? [] : [`Becomes \`--${flag}${prefix === "" ? "" : ` ${prefix}…`}\` of \`${command}\`.`]),
    ...(since === undefined ? [] : [`Podman has it since ${since}.`]),
  ]
    .filter((text) => text !== "")
    .join(" ");
}

function byName(keys: KeyTable): KeySpec[] {
  return [...keys.values()].sort((a, b) => a.name.toLowerCase().localeCompare(b.name.toLowerCase()));
}

import { parse } from "ini";

/** The settings of one section, by key. A value is a text, or true for a key without one. */
export type SettingsSection = readonly [name: string, values: Readonly<Record<string, unknown>>];

/** The sections of a settings file's text. */
export function settingsSections(text: string): SettingsSection[] {
  return [...nested(parse(text), "")];
}

/** `ini` takes the dots in a section's name for nesting; this puts the names together again. */
function* nested(at: Readonly<Record<string, unknown>>, name: string): Generator<SettingsSection> {
  if (name !== "") yield [name, at];
  for (const [key, value] of Object.entries(at)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    yield* nested(value as Record<string, unknown>, name === "" ? key : `${name}.${key}`);
  }
}

import { fileTypeOf } from "./file-type.ts";
import type { ParsedSource } from "./source.ts";
import { closest } from "./suggest.ts";
import { type Problem, quoted, suggesting } from "./values/check.ts";

/** The Quadlet files that were found, by base name: what references between files are looked up in. */
export type UnitIndex = ReadonlyMap<string, ParsedSource>;

/**
 * A problem if the text names a Quadlet file of one of the given types: that it does not exist, or that berth cannot use it
 * yet. undefined for any other text.
 */
export function referenceProblem(text: string, extensions: readonly string[], units: UnitIndex): Problem | undefined {
  const type = fileTypeOf(text);
  if (type === undefined || !extensions.includes(type.extension)) return undefined;
  if (units.has(text)) {
    return { code: "not-supported-yet", message: `references to .${type.extension} files are not supported yet` };
  }
  return suggesting(
    { code: "unit-not-found", message: `requested Quadlet unit ${quoted(text)} was not found` },
    closest(text, units.keys()),
  );
}

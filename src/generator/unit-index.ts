import type { ParsedSource } from "./source.ts";
import { closest } from "./suggest.ts";
import { type Problem, suggesting } from "./values/check.ts";

/** The Quadlet files that were found, by base name: what references between files are looked up in. */
export type UnitIndex = ReadonlyMap<string, ParsedSource>;

/** A reference to a file that is not there. */
export function notFound(message: string, name: string, units: UnitIndex): Problem {
  return suggesting({ code: "unit-not-found", message }, closest(name, units.keys()));
}

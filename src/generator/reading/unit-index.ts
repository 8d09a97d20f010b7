import { type Problem, suggesting } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import type { ParsedSource } from "./source.ts";

/** The Quadlet files that were found, by base name: what references between files are looked up in. */
export type UnitIndex = ReadonlyMap<string, ParsedSource>;

/** A reference to a file that is not there. */
export function notFound(message: string, name: string, units: UnitIndex): Problem {
  return suggesting({ code: "unit-not-found", message }, nearest(name, units));
}

/** The file of the same type with the nearest name; a specifier in the name stands for the instance of a template. */
function nearest(name: string, units: UnitIndex): string | undefined {
  const dot = name.lastIndexOf(".");
  const suffix = name.slice(dot);
  const stems = [...units.keys()]
    .filter((other) => other.endsWith(suffix))
    .map((other) => other.slice(0, -suffix.length));
  const stem = closest(name.slice(0, dot).replace(/[-_@]?%[A-Za-z]/, "@"), stems);
  return stem === undefined ? undefined : stem + suffix;
}

import { type Problem, suggesting } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import type { ParsedSource } from "./source.ts";

/** The Quadlet files by base name, for references between files. */
export type UnitIndex = ReadonlyMap<string, ParsedSource>;

/** The problem of a reference to a missing file. */
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

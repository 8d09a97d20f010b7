import { type Problem, suggesting } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import { splitName } from "../../unit/unit-name.ts";
import { settleSpecifiers } from "./resource-name.ts";
import type { ParsedSource } from "./source.ts";

/** The Quadlet files by base name, for references between files. */
export type UnitIndex = ReadonlyMap<string, ParsedSource>;

/**
 * The name of the file that a service's file means by a name. Specifiers of the service's own name stand for what they
 * are in it: `%N.pod` of web.service is web.pod. `data@%i.volume` of web@.service, or of an instance of it, is the
 * instance's own file if there is one, else data@.volume.
 */
export function referredName(name: string, serviceName: string, units: UnitIndex): string {
  if (!name.includes("%")) return name;
  const settled = settleSpecifiers(name, serviceName);
  const { instance } = splitName(serviceName);
  if (instance === undefined || units.has(settled)) return settled;
  const shown = `@${instance === "" ? "%i" : instance}.`;
  return settled.includes(shown) ? settled.replace(shown, () => "@.") : settled;
}

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

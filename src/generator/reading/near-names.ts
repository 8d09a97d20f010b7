import { type Problem, quoted } from "../../options/values/check.ts";
import { closest, editDistance } from "../../suggest.ts";
import { fileTypeOf } from "./file-type.ts";
import { nameForOthers } from "./resource-name.ts";
import type { UnitIndex } from "./unit-index.ts";

/** The extension of a reference to a file, by the word that it may be mistaken for. */
const EXTENSIONS = { network: ["network", "container"], volume: ["volume"] } as const;

/** Shorter names are always near to each other. */
const LENGTH_MIN = 4;

/**
 * The warning for a network's or volume's own name that looks like a misspelt file: `a.netwrk`, or a network called
 * `frnt` beside front.network. Never an error, for that name may exist. Undefined if it looks like nothing else.
 */
export function nearName(name: string, kind: "network" | "volume", units: UnitIndex): Problem | undefined {
  const file = nearFile(name, kind, units) ?? (kind === "network" ? nearNetwork(name, units) : undefined);
  if (file === undefined) return undefined;
  const message = `${quoted(name)} is taken for a ${kind} of that name, which no file makes`;
  return { code: "plain-name", message, hint: `did you mean ${file}?` };
}

function nearFile(name: string, kind: "network" | "volume", units: UnitIndex): string | undefined {
  const dot = name.lastIndexOf(".");
  // A correct name is a reference already.
  const extension =
    dot < 1 || fileTypeOf(name) !== undefined ? undefined : closest(name.slice(dot + 1), EXTENSIONS[kind]);
  if (extension === undefined) return undefined;
  const stems = [...units.values()]
    .filter(({ type }) => type.extension === extension)
    .map(({ source }) => source.name.slice(0, -extension.length - 1));
  return `${closest(name.slice(0, dot), stems) ?? name.slice(0, dot)}.${extension}`;
}

/** Names that differ in a digit are distinct on purpose: `front1` and `front2`. */
function nearNetwork(name: string, units: UnitIndex): string | undefined {
  if (name.length < LENGTH_MIN) return undefined;
  const letters = (text: string): string => text.replace(/\d/g, "");
  return [...units.values()]
    .filter(({ type }) => type.extension === "network")
    .find((unit) =>
      [unit.source.name.replace(/\.network$/, ""), nameForOthers(unit)].some(
        (other) => letters(other) !== letters(name) && editDistance(name, other) === 1,
      ),
    )?.source.name;
}

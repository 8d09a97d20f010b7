import { escapeByte, escapePath } from "./escape.ts";
import { encodeText } from "./text.ts";

/** A valid name of a systemd unit: `app.service`, `app@.service`, `app@one.service`. */
export type UnitName = string & { readonly unitName: unique symbol };

/** Unit types, the suffixes of their names (systemd.unit(5)). */
export const UNIT_TYPES = [
  "service",
  "socket",
  "target",
  "device",
  "mount",
  "automount",
  "swap",
  "timer",
  "path",
  "slice",
  "scope",
] as const;
export type UnitType = (typeof UNIT_TYPES)[number];

/** UNIT_NAME_MAX of systemd without the final NUL: the limit for file names. */
const MAX_LENGTH = 255;

/** The parts of a name with any suffix: `.container` files are named like units. */
export interface NameParts {
  /** `app` of `app@one.service`. */
  readonly prefix: string;
  /** `one`; empty for a template, absent for a plain name. */
  readonly instance?: string;
  /** `service`, without the dot; empty if there is none. */
  readonly suffix: string;
}

/** Splits a name at its last dot and its first `@`; checks nothing. */
export function splitName(name: string): NameParts {
  const dot = name.lastIndexOf(".");
  const suffix = dot < 0 ? "" : name.slice(dot + 1);
  const stem = dot < 0 ? name : name.slice(0, dot);
  const at = stem.indexOf("@");
  return at < 0 ? { prefix: stem, suffix } : { prefix: stem.slice(0, at), instance: stem.slice(at + 1), suffix };
}

/** The inverse of {@link splitName}. */
export function joinName({ prefix, instance, suffix }: NameParts): string {
  return `${prefix}${instance === undefined ? "" : `@${instance}`}${suffix === "" ? "" : `.${suffix}`}`;
}

/** Whether the name is a template's: `app@.service`. */
export function isTemplate(name: string): boolean {
  return splitName(name).instance === "";
}

/** Whether the name is an instance's: `app@one.service`. */
export function isInstance(name: string): boolean {
  return (splitName(name).instance ?? "") !== "";
}

/** The template of an instance: `app@.service` of `app@one.service`; undefined for other names. */
export function templateOf(name: string): string | undefined {
  return isInstance(name) ? joinName({ ...splitName(name), instance: "" }) : undefined;
}

/**
 * The instance of a template: `app@one.service`. The instance is escaped already (escapeName); undefined if invalid.
 */
export function instanceOf(template: UnitName, instance: string): UnitName | undefined {
  return isTemplate(template) ? parseUnitName(joinName({ ...splitName(template), instance })) : undefined;
}

/** Whether systemd accepts the name: unit_name_is_valid(). */
export function isUnitName(text: string): text is UnitName {
  return unitNameProblem(text) === undefined;
}

/** The text as a unit name, or undefined. */
export function parseUnitName(text: string): UnitName | undefined {
  return isUnitName(text) ? text : undefined;
}

/** The reason why systemd rejects the name, as a phrase for a message; undefined if it does not. */
export function unitNameProblem(text: string): string | undefined {
  const { prefix, suffix } = splitName(text);
  if (!(UNIT_TYPES as readonly string[]).includes(suffix)) return `it does not end in a unit type such as ".service"`;
  if (prefix === "") return "it has nothing before the suffix or the @";
  if (!/^[0-9A-Za-z:_.\\@-]*$/.test(text)) return "it has a character other than letters, digits and : - _ . \\ @";
  if (text.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  return undefined;
}

/**
 * The unit name for a word on a command line, as systemctl reads it (`systemd-escape --mangle`): `app` is
 * `app.service`, a path is a mount or device unit, and characters that names cannot contain are escaped. undefined if
 * the result is no name.
 */
export function mangleUnitName(text: string, suffix: UnitType = "service"): UnitName | undefined {
  if (isUnitName(text)) return text;
  if (text === "") return undefined;
  if (text.startsWith("/")) {
    const escaped = escapePath(text);
    // The dash stands for a slash: `/dev/x`, `//dev//x`, but not `/dev/` itself, which is a mount point.
    if (escaped !== undefined) return parseUnitName(`${escaped}.${/^(dev|sys)-/.test(escaped) ? "device" : "mount"}`);
  }
  const mangled = [...encodeText(text)].map(mangleByte).join("");
  const typed = (UNIT_TYPES as readonly string[]).includes(splitName(mangled).suffix);
  return parseUnitName(typed ? mangled : `${mangled}.${suffix}`);
}

function mangleByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "/") return "-";
  return /[0-9A-Za-z:_.\\@-]/.test(character) ? character : escapeByte(byte);
}

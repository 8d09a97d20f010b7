import { closest } from "../../../suggest.ts";
import { DEFERRED, invalid, type Parsed, type Problem, quoted, shifted, splitAt, suggesting, valid } from "../check.ts";
import { contradiction, type GivenOptions } from "../volume.ts";
import { kernelPlaceProblem } from "./kernel-place.ts";
import {
  MOUNT_TYPES,
  type MountPart,
  type MountType,
  type MountTypeName,
  parseMountField,
  TARGET_KEYS,
} from "./mount-fields.ts";

/** One field of a `Mount=`, unquoted, and where it begins. */
export interface MountField {
  readonly text: string;
  readonly at: number;
}

/** Names of the field for the source. */
const SOURCE_KEYS: readonly string[] = ["source", "src"];

/** A `Mount=`. */
export interface MountValue {
  readonly type: MountTypeName;
  /** As it was written; "" for none. */
  readonly source: string;
  /** "" where a glob's files are mounted where they are on the host. */
  readonly target: string;
  readonly options: readonly string[];
  /** Labels of a volume that is made for the mount. */
  readonly labels: Readonly<Record<string, string>>;
  /** A file or folder below the source's root. */
  readonly subpath: string | undefined;
}

/** The types whose source is on the host or in the store, as Quadlet has them. */
export const MOUNTS_WITH_SOURCE: readonly string[] = ["bind", "glob", "image", "volume"];

/** A `Mount=` in its fields; `problem` is why it could not be split. */
export interface MountParts {
  readonly type: string;
  readonly fields: readonly MountField[];
  readonly problem?: Problem;
}

/** Splits a comma-separated record with CSV quoting (RFC 4180): a field with a comma is written `"a,b"`. */
export function splitMount(value: string): MountParts {
  const fields: MountField[] = [];
  let problem: Problem | undefined;
  for (let at = 0; at <= value.length; ) {
    const quote = value.startsWith('"', at) ? readQuoted(value, at) : { text: "", end: at };
    problem ??= quote.problem;
    const comma = value.indexOf(",", quote.end);
    const end = comma < 0 ? value.length : comma;
    fields.push({ text: quote.text + value.slice(quote.end, end), at });
    at = end + 1;
  }
  const type = fields.find((field) => field.text.startsWith("type="))?.text.slice("type=".length) ?? "volume";
  return problem === undefined ? { type, fields } : { type, fields, problem };
}

/** The text in the quotes that begin at `start`, and where it ends, behind them. */
function readQuoted(value: string, start: number): { text: string; end: number; problem?: Problem } {
  let text = "";
  let at = start + 1;
  while (at < value.length && (value.charAt(at) !== '"' || value.charAt(at + 1) === '"')) {
    if (value.charAt(at) === '"') at++;
    text += value.charAt(at++);
  }
  const end = at + 1;
  if (at >= value.length)
    return { text, end, problem: { code: "bad-mount", message: 'no closing " in the mount', at: start } };
  if (end < value.length && value.charAt(end) !== ",")
    return { text, end, problem: { code: "bad-mount", message: 'text after a closing " in the mount', at: end } };
  return { text, end };
}

/** Puts fields together again, quoting those that need it. */
export function joinMount(fields: readonly string[]): string {
  return fields.map((field) => (/[",\n\r]|^\s/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}

/** The source of a mount, and which field holds it: the last one counts, as with podman. */
export function mountSource(parts: MountParts): { index: number; source: string } | undefined {
  for (let index = parts.fields.length - 1; index >= 0; index--) {
    const { head, tail } = splitAt(parts.fields[index]?.text ?? "", "=");
    if (SOURCE_KEYS.includes(head) && tail !== undefined) return { index, source: tail };
  }
  return undefined;
}

/** The destination of a mount, as it was written; "" if there is none. The last one counts. */
export function mountTarget(parts: MountParts): string {
  const field = parts.fields.findLast(({ text }) => TARGET_KEYS.some((key) => text.startsWith(`${key}=`)));
  return field === undefined ? "" : (splitAt(field.text, "=").tail ?? "");
}

/** `Mount=`: one record. */
export function parseMount(text: string): Parsed<MountValue> {
  const parts = splitMount(text);
  if (parts.problem !== undefined) return { problem: parts.problem };
  if (!isMountType(parts.type)) return { problem: unknownType(parts.type) };
  const type: MountType = MOUNT_TYPES[parts.type];
  const bare = parts.fields.find((field) => SOURCE_KEYS.includes(field.text));
  if (bare !== undefined) return invalid("bad-mount", "source parameter does not include a value", { at: bare.at });
  const source = mountSource(parts);
  if (type.source === "needed" && !source?.source)
    return invalid("bad-mount", `source parameter is required for mount type ${parts.type}`);
  if (type.source === undefined && source !== undefined)
    return invalid("bad-mount", `a ${parts.type} has no source`, { at: parts.fields[source.index]?.at ?? 0 });
  const fields = parseFields(parts.fields, parts.type, type);
  if (!("value" in fields)) return fields;
  const value: MountValue = { type: parts.type, source: source?.source ?? "", ...fields.value };
  const problem = placeProblem(value);
  return problem === undefined ? valid(value) : { problem };
}

function placeProblem({ type, source, target }: MountValue): Problem | undefined {
  // The target of a glob is the folder of its files.
  if (type === "glob") return undefined;
  // podman takes a path for a bind mount in a volume, too.
  const ofHost = type === "bind" || (type === "volume" && /^[/.]/.test(source));
  return kernelPlaceProblem(type, target, ofHost ? source : undefined);
}

function isMountType(type: string): type is MountTypeName {
  return Object.hasOwn(MOUNT_TYPES, type);
}

function unknownType(type: string): Problem {
  if (type === "artifact") {
    const hint = "an image with the files in it can be mounted: type=image";
    return { code: "not-supported-yet", message: "mounts of type artifact are not supported yet", hint };
  }
  return suggesting(
    { code: "bad-mount", message: `${quoted(type)} is not a type of mount` },
    closest(type, Object.keys(MOUNT_TYPES)),
  );
}

function parseFields(
  fields: readonly MountField[],
  typeName: string,
  type: MountType,
): Parsed<Omit<MountValue, "type" | "source">> {
  const parts: MountPart[] = [];
  const given: GivenOptions = new Map();
  let hasTarget = type.anywhere === true;
  let deferred = false;
  for (const { text, at } of fields) {
    const { head } = splitAt(text, "=");
    if (head === "type" || SOURCE_KEYS.includes(head)) continue;
    const part = parseMountField(text, typeName, type);
    if ("problem" in part) return shifted(part, at);
    const problem = contradiction(text, given);
    if (problem !== undefined) return shifted({ problem }, at);
    hasTarget ||= TARGET_KEYS.includes(head);
    if ("value" in part) parts.push(part.value);
    else deferred = true;
  }
  if (!hasTarget) return invalid("bad-mount", "no destination in the mount", { hint: "add destination=/path" });
  return deferred ? DEFERRED : valid(joined(parts));
}

/** The parts of a mount together; the last target and subpath count. */
function joined(parts: readonly MountPart[]): Omit<MountValue, "type" | "source"> {
  return {
    target: parts.findLast(({ target }) => target !== undefined)?.target ?? "",
    options: parts.flatMap(({ options = [] }) => options),
    labels: Object.fromEntries(parts.flatMap(({ label }) => (label === undefined ? [] : [label]))),
    subpath: parts.findLast(({ subpath }) => subpath !== undefined)?.subpath,
  };
}

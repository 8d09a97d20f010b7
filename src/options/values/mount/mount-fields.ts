import { closest } from "../../../suggest.ts";
import {
  DEFERRED,
  invalid,
  isDeferred,
  type Parsed,
  quoted,
  shifted,
  splitAt,
  suggesting,
  type ValueParser,
  valid,
} from "../check.ts";
import type { Assignment } from "../command.ts";
import { cleanPath, parseContainerPath } from "../path.ts";
import { parseVolumeOption } from "../volume.ts";
import { parseIdMapOption } from "./id-map-option.ts";
import { parseTmpfsOption } from "./tmpfs.ts";

/** Kinds of fields that need a value. */
type ValueKind = "target" | "path" | "number" | "mode" | "size" | "propagation" | "relabel" | "label";

/** The grammar of a field: `flag` may be `=true` or `=false`, `ignored` means nothing on Linux. */
type FieldKind = ValueKind | "flag" | "idmap" | "ignored";

export type MountTypeName = "bind" | "glob" | "volume" | "image" | "tmpfs" | "ramfs" | "devpts";

export interface MountType {
  /** Whether it needs a source; undefined if it has none. */
  readonly source: "needed" | "optional" | undefined;
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** The grammar of fields that are not in the table: options of the file system's own. */
  readonly options?: ValueParser<string>;
  /** Without a destination, files are mounted at their places on the host. */
  readonly anywhere?: true;
}

/** Fields of mounts of a folder or file of the host. */
const HOST_FIELDS: Readonly<Record<string, FieldKind>> = {
  ro: "flag",
  readonly: "flag",
  rw: "flag",
  relabel: "relabel",
  chown: "flag",
  U: "flag",
  z: "flag",
  Z: "flag",
  idmap: "idmap",
  consistency: "ignored",
};

const BIND_FIELDS: Readonly<Record<string, FieldKind>> = {
  ...HOST_FIELDS,
  "bind-propagation": "propagation",
  "bind-nonrecursive": "flag",
};

const MEMORY_FIELDS: Readonly<Record<string, FieldKind>> = {
  ro: "flag",
  readonly: "flag",
  rw: "flag",
  consistency: "ignored",
};

/** The types of mount that berth makes, after podman-run(1). */
export const MOUNT_TYPES: Readonly<Record<MountTypeName, MountType>> = {
  bind: { source: "needed", fields: BIND_FIELDS, options: parseVolumeOption },
  glob: { source: "needed", fields: BIND_FIELDS, options: parseVolumeOption, anywhere: true },
  volume: {
    source: "optional",
    fields: { ...HOST_FIELDS, subpath: "path", "volume-subpath": "path", "volume-label": "label" },
    options: parseVolumeOption,
  },
  image: {
    source: "needed",
    fields: { rw: "flag", readwrite: "flag", ro: "flag", readonly: "flag", subpath: "path", consistency: "ignored" },
  },
  tmpfs: {
    source: undefined,
    fields: { "tmpfs-size": "size", "tmpfs-mode": "mode", chown: "flag", U: "flag", ...MEMORY_FIELDS },
    options: parseTmpfsOption,
  },
  ramfs: {
    source: undefined,
    fields: { "tmpfs-mode": "mode", mode: "mode", chown: "flag", U: "flag", ...MEMORY_FIELDS },
    options: parseRamfsOption,
  },
  devpts: {
    source: undefined,
    fields: { uid: "number", gid: "number", max: "number", mode: "mode", ptmxmode: "mode", newinstance: "flag" },
  },
};

/** Fields that say the same as a mount option; a known field that is not here is an option as it was written. */
const OPTION_OF_FIELD: Readonly<Record<string, (value: string | undefined) => string[]>> = {
  readonly: (value) => [isFalse(value) ? "rw" : "ro"],
  ro: (value) => [isFalse(value) ? "rw" : "ro"],
  rw: (value) => [isFalse(value) ? "ro" : "rw"],
  readwrite: (value) => [isFalse(value) ? "ro" : "rw"],
  "bind-propagation": (value) => [value ?? "rprivate"],
  "bind-nonrecursive": (value) => [isFalse(value) ? "rbind" : "bind"],
  relabel: () => [],
  consistency: () => [],
  chown: (value) => (isFalse(value) ? [] : ["U"]),
  U: (value) => (isFalse(value) ? [] : ["U"]),
  z: () => [],
  Z: () => [],
  newinstance: () => [],
  "tmpfs-size": (value) => [`size=${value}`],
  "tmpfs-mode": (value) => [`mode=${value}`],
};

/** The part of a mount that one of its fields gives. */
export interface MountPart {
  readonly target?: string;
  readonly options?: readonly string[];
  readonly label?: Assignment;
  readonly subpath?: string;
}

/** Names of the field for the place inside. */
export const TARGET_KEYS: readonly string[] = ["destination", "dst", "target"];

/** A field of a mount of the type, other than its type and source. */
export function parseMountField(text: string, typeName: string, type: MountType): Parsed<MountPart> {
  const { head, tail, tailAt } = splitAt(text, "=");
  const kind = TARGET_KEYS.includes(head) ? "target" : Object.hasOwn(type.fields, head) ? type.fields[head] : undefined;
  if (kind !== undefined) {
    const value = parseFieldValue(kind, head, tail, tailAt);
    return "value" in value ? valid(partOf(kind, text, value.value)) : value;
  }
  if (isDeferred(text)) return DEFERRED;
  // An option of another kind of mount is reported by the type's own grammar, which knows what is near.
  if (type.options !== undefined && (type.source === undefined || tail === undefined)) {
    const option = type.options(text);
    return "value" in option ? valid({ options: [option.value] }) : option;
  }
  const known = [...Object.keys(type.fields), ...(type.source === undefined ? [] : ["source"]), "destination"];
  const problem = { code: "bad-mount", message: `${quoted(head)} is not a field of a ${typeName} mount` };
  return { problem: suggesting(problem, closest(head, known)) };
}

function partOf(kind: FieldKind, text: string, value: string): MountPart {
  const { head, tail } = splitAt(text, "=");
  if (kind === "target") return { target: cleanPath(value) };
  if (kind === "path") return { subpath: value };
  if (kind === "label") {
    const label = splitAt(value, "=");
    return { label: [label.head, label.tail ?? ""] };
  }
  const options = Object.hasOwn(OPTION_OF_FIELD, head) ? OPTION_OF_FIELD[head] : undefined;
  return { options: options?.(tail) ?? [text] };
}

/** The part of a field behind its `=`, "" if there is none. */
function parseFieldValue(kind: FieldKind, head: string, tail: string | undefined, at: number): Parsed<string> {
  switch (kind) {
    case "ignored":
      return valid(tail ?? "");
    case "idmap": {
      const map = parseIdMapOption(tail);
      return "value" in map ? valid(map.value ?? "") : map;
    }
    case "flag":
      if (tail === undefined || tail === "true" || tail === "false") return valid(tail ?? "");
      return isDeferred(tail)
        ? DEFERRED
        : invalid("bad-mount", `${head} is true or false, not ${quoted(tail)}`, { at });
    case "target":
      return shifted(parseContainerPath(tail ?? ""), at);
    default:
      return tail ? parseValue(kind, tail, at) : invalid("bad-mount", `${head} needs a value`);
  }
}

/** The values of a kind of field by a pattern, and the problem of another value. */
interface Pattern {
  readonly matches: RegExp;
  readonly code: string;
  readonly message: (value: string) => string;
  readonly hint?: string;
}

const PATTERNS: Readonly<Record<Exclude<ValueKind, "target" | "path" | "size">, Pattern>> = {
  number: { matches: /^\d{1,10}$/, code: "bad-mount-option", message: (value) => `${value} is not a number` },
  mode: { matches: /^[0-7]{1,5}$/, code: "bad-mount-option", message: (value) => `${value} is not a mode (octal)` },
  propagation: {
    matches: /^r?(shared|slave|private|unbindable)$/,
    code: "bad-mount",
    message: (value) => `${value} is no propagation`,
    hint: "such as rslave",
  },
  relabel: {
    matches: /^(shared|private)$/,
    code: "bad-mount",
    message: (value) => `relabel is shared or private, not ${value}`,
  },
  label: { matches: /^[^=]/, code: "bad-mount", message: () => "a label has a name in front of the =" },
};

function parseValue(kind: Exclude<ValueKind, "target">, text: string, at: number): Parsed<string> {
  if (kind === "path") return valid(text);
  if (isDeferred(text)) return DEFERRED;
  if (kind === "size") return shifted(parseTmpfsOption(`size=${text}`), at - "size=".length);
  const { matches, code, message, hint } = PATTERNS[kind];
  if (matches.test(text)) return valid(text);
  return invalid(code, message(quoted(text)), hint === undefined ? { at } : { hint, at });
}

function isFalse(value: string | undefined): boolean {
  return value === "false";
}

/** ramfs(5) has a mode and nothing else; mount(8)'s own words apply to every file system. */
function parseRamfsOption(option: string): Parsed<string> {
  const { head, tail } = splitAt(option, "=");
  if (tail === undefined && !/^(huge|noswap|inode)/.test(option)) return parseTmpfsOption(option);
  return invalid("bad-mount-option", `${quoted(head)} is not an option of a ramfs`);
}

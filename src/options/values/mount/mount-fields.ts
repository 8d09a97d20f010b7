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
import { parseVolumeOption } from "../volume.ts";
import { parseIdMapOption } from "./id-map-option.ts";
import { parseTmpfsOption } from "./tmpfs.ts";

/** The grammar of a field: `flag` may be `=true` or `=false`, `value` needs one, `ignored` means nothing on Linux. */
type FieldKind = "flag" | "value" | "path" | "number" | "mode" | "label" | "idmap" | "ignored";

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
  relabel: "value",
  chown: "flag",
  U: "flag",
  z: "flag",
  Z: "flag",
  idmap: "idmap",
  consistency: "ignored",
};

const BIND_FIELDS: Readonly<Record<string, FieldKind>> = {
  ...HOST_FIELDS,
  "bind-propagation": "value",
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
    fields: { "tmpfs-size": "value", "tmpfs-mode": "mode", chown: "flag", U: "flag", ...MEMORY_FIELDS },
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

/**
 * A field of a mount of the type, other than its type, source and destination, as the mount options that it stands for:
 * none for `subpath` and `volume-label`.
 */
export function parseMountField(text: string, typeName: string, type: MountType): Parsed<string[]> {
  const { head, tail, tailAt } = splitAt(text, "=");
  const kind = Object.hasOwn(type.fields, head) ? type.fields[head] : undefined;
  if (kind !== undefined) {
    const value = parseFieldValue(kind, head, tail, tailAt);
    if (!("value" in value)) return value;
    if (kind === "path" || kind === "label") return valid([]);
    const options = Object.hasOwn(OPTION_OF_FIELD, head) ? OPTION_OF_FIELD[head] : undefined;
    return valid(options?.(tail) ?? [text]);
  }
  if (isDeferred(text)) return DEFERRED;
  // An option of another kind of mount is reported by the type's own grammar, which knows what is near.
  if (type.options !== undefined && (type.source === undefined || tail === undefined)) {
    const option = type.options(text);
    if (!("value" in option)) return option;
    return valid([option.value]);
  }
  const known = [...Object.keys(type.fields), ...(type.source === undefined ? [] : ["source"]), "destination"];
  const problem = { code: "bad-mount", message: `${quoted(head)} is not a field of a ${typeName} mount` };
  return { problem: suggesting(problem, closest(head, known)) };
}

/** The part of a field behind its `=`, "" if there is none. */
function parseFieldValue(kind: FieldKind, head: string, tail: string | undefined, at: number): Parsed<string> {
  if (kind === "ignored") return valid(tail ?? "");
  if (kind === "idmap") {
    const map = parseIdMapOption(tail);
    return "value" in map ? valid(map.value ?? "") : map;
  }
  if (kind === "flag") {
    if (tail === undefined || tail === "true" || tail === "false") return valid(tail ?? "");
    return isDeferred(tail) ? DEFERRED : invalid("bad-mount", `${head} is true or false, not ${quoted(tail)}`, { at });
  }
  if (tail === undefined || tail === "") return invalid("bad-mount", `${head} needs a value`);
  if (kind === "path") return valid(tail);
  if (isDeferred(tail)) return DEFERRED;
  if (kind === "number" && !/^\d{1,10}$/.test(tail))
    return invalid("bad-mount-option", `${quoted(tail)} is not a number`, { at });
  if (kind === "mode" && !/^[0-7]{1,5}$/.test(tail))
    return invalid("bad-mount-option", `${quoted(tail)} is not a mode (octal)`, { at });
  if (head === "tmpfs-size") return shifted(parseTmpfsOption(`size=${tail}`), at - "size=".length);
  if (head === "bind-propagation" && !/^r?(shared|slave|private|unbindable)$/.test(tail))
    return invalid("bad-mount", `${quoted(tail)} is no propagation`, { hint: "such as rslave", at });
  if (head === "relabel" && !["shared", "private"].includes(tail))
    return invalid("bad-mount", `relabel is shared or private, not ${quoted(tail)}`, { at });
  if (kind === "label" && tail.startsWith("="))
    return invalid("bad-mount", "a label has a name in front of the =", { at });
  return valid(tail);
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

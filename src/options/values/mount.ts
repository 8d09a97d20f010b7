import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";
import { checkMountIdMap } from "./id-map.ts";
import { checkContainerPath } from "./path.ts";
import { checkTmpfsOption } from "./tmpfs.ts";
import { checkBeside, checkVolumeOption } from "./volume.ts";

/** One field of a `Mount=`, unquoted, and where it begins. */
export interface MountField {
  readonly text: string;
  readonly at: number;
}

/** Names of the field that holds the source, and of the one that holds the place inside. */
const SOURCE_KEYS: readonly string[] = ["source", "src"];
const TARGET_KEYS: readonly string[] = ["destination", "dst", "target"];

/** How a field is judged: `flag` may be `=true` or `=false`, `value` needs one, `ignored` means nothing on Linux. */
type FieldKind = "flag" | "value" | "path" | "number" | "mode" | "label" | "idmap" | "ignored";

interface MountType {
  /** Whether it makes sense without a source; undefined if it has none. */
  readonly source: "needed" | "optional" | undefined;
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** Judges fields that are not in the table: options of the file system's own. */
  readonly options?: (option: string) => Problem | undefined;
  /** Without a destination, things are mounted where they are on the host. */
  readonly anywhere?: true;
}

/** Fields of everything that is a folder or file of the host's. */
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
const TYPES: Readonly<Record<string, MountType>> = {
  bind: { source: "needed", fields: BIND_FIELDS, options: checkVolumeOption },
  glob: { source: "needed", fields: BIND_FIELDS, options: checkVolumeOption, anywhere: true },
  volume: {
    source: "optional",
    fields: { ...HOST_FIELDS, subpath: "path", "volume-subpath": "path", "volume-label": "label" },
    options: checkVolumeOption,
  },
  image: {
    source: "needed",
    fields: { rw: "flag", readwrite: "flag", ro: "flag", readonly: "flag", subpath: "path", consistency: "ignored" },
  },
  tmpfs: {
    source: undefined,
    fields: { "tmpfs-size": "value", "tmpfs-mode": "mode", chown: "flag", U: "flag", ...MEMORY_FIELDS },
    options: checkTmpfsOption,
  },
  ramfs: {
    source: undefined,
    fields: { "tmpfs-mode": "mode", mode: "mode", chown: "flag", U: "flag", ...MEMORY_FIELDS },
    options: checkRamfsOption,
  },
  devpts: {
    source: undefined,
    fields: { uid: "number", gid: "number", max: "number", mode: "mode", ptmxmode: "mode", newinstance: "flag" },
  },
};

/** The types whose source is something of the host's or of the store's, as Quadlet has them. */
export const MOUNTS_WITH_SOURCE: readonly string[] = ["bind", "glob", "image", "volume"];

/** A `Mount=` in its fields; `problem` tells why it could not be split. */
export interface MountParts {
  readonly type: string;
  readonly fields: readonly MountField[];
  readonly problem?: Problem;
}

/** Splits a comma-separated record with CSV quoting (RFC 4180): a field with a comma is written `"a,b"`. */
export function splitMount(value: string): MountParts {
  const fields: MountField[] = [];
  let at = 0;
  let problem: Problem | undefined;
  while (at <= value.length) {
    const start = at;
    let text = "";
    if (value.startsWith('"', at)) {
      at++;
      while (at < value.length && (value.charAt(at) !== '"' || value.charAt(at + 1) === '"')) {
        if (value.charAt(at) === '"') at++;
        text += value.charAt(at++);
      }
      if (at >= value.length) problem ??= { code: "bad-mount", message: 'no closing " in the mount', at: start };
      at++;
      if (at < value.length && value.charAt(at) !== ",") {
        problem ??= { code: "bad-mount", message: 'text after a closing " in the mount', at };
      }
    }
    const comma = value.indexOf(",", at);
    const end = comma < 0 ? value.length : comma;
    text += value.slice(at, end);
    fields.push({ text, at: start });
    at = end + 1;
  }
  const type = fields.find((field) => field.text.startsWith("type="))?.text.slice("type=".length) ?? "volume";
  return problem === undefined ? { type, fields } : { type, fields, problem };
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

/** `Mount=`: one record. */
export function checkMount(value: string): Problem | undefined {
  const parts = splitMount(value);
  if (parts.problem !== undefined) return parts.problem;
  const type = Object.hasOwn(TYPES, parts.type) ? TYPES[parts.type] : undefined;
  if (type === undefined) return unknownType(parts.type);
  const bare = parts.fields.find((field) => SOURCE_KEYS.includes(field.text));
  if (bare !== undefined)
    return { code: "bad-mount", message: "source parameter does not include a value", at: bare.at };
  const source = mountSource(parts);
  if (type.source === "needed" && !source?.source)
    return { code: "bad-mount", message: `source parameter is required for mount type ${parts.type}` };
  if (type.source === undefined && source !== undefined)
    return { code: "bad-mount", message: `a ${parts.type} has no source`, at: parts.fields[source.index]?.at ?? 0 };
  return checkFields(parts, type);
}

function unknownType(type: string): Problem {
  if (type === "artifact") {
    const hint = "an image with the files in it can be mounted: type=image";
    return { code: "not-supported-yet", message: "mounts of type artifact are not supported yet", hint };
  }
  return suggesting(
    { code: "bad-mount", message: `${quoted(type)} is not a type of mount` },
    closest(type, Object.keys(TYPES)),
  );
}

function checkFields(parts: MountParts, type: MountType): Problem | undefined {
  let target = false;
  const before: string[] = [];
  for (const { text, at } of parts.fields) {
    const { head, tail, tailAt } = splitAt(text, "=");
    if (head === "type" || SOURCE_KEYS.includes(head)) continue;
    if (TARGET_KEYS.includes(head)) {
      target = true;
      const problem = checkContainerPath(tail ?? "");
      if (problem !== undefined) return shifted(problem, at + tailAt);
      continue;
    }
    const problem = checkField(text, parts.type, type) ?? checkBeside(text, before);
    if (problem !== undefined) return shifted(problem, at);
    before.push(text);
  }
  if (target || type.anywhere) return undefined;
  return { code: "bad-mount", message: "no destination in the mount", hint: "add destination=/path" };
}

function checkField(text: string, typeName: string, type: MountType): Problem | undefined {
  const { head, tail, tailAt } = splitAt(text, "=");
  const kind = Object.hasOwn(type.fields, head) ? type.fields[head] : undefined;
  if (kind !== undefined) return checkFieldValue(kind, head, tail, tailAt);
  if (isDeferred(text)) return undefined;
  const known = [...Object.keys(type.fields), ...(type.source === undefined ? [] : ["source"]), "destination"];
  const unknown = suggesting(
    { code: "bad-mount", message: `${quoted(head)} is not a field of a ${typeName} mount` },
    closest(head, known),
  );
  // An option of another kind of mount is told by the type's own check, which knows what is near.
  if (type.options === undefined || (type.source !== undefined && tail !== undefined)) return unknown;
  return type.options(text);
}

function checkFieldValue(kind: FieldKind, head: string, tail: string | undefined, at: number): Problem | undefined {
  if (kind === "ignored") return undefined;
  if (kind === "idmap") return checkMountIdMap(tail);
  if (kind === "flag") {
    if (tail === undefined || ["true", "false"].includes(tail) || isDeferred(tail)) return undefined;
    return { code: "bad-mount", message: `${head} is true or false, not ${quoted(tail)}`, at };
  }
  if (tail === undefined || tail === "") return { code: "bad-mount", message: `${head} needs a value` };
  if (isDeferred(tail)) return undefined;
  if (kind === "number" && !/^\d{1,10}$/.test(tail))
    return { code: "bad-mount-option", message: `${quoted(tail)} is not a number`, at };
  if (kind === "mode" && !/^[0-7]{1,5}$/.test(tail))
    return { code: "bad-mount-option", message: `${quoted(tail)} is not a mode (octal)`, at };
  if (head === "tmpfs-size") return shifted(checkTmpfsOption(`size=${tail}`), at - "size=".length);
  if (head === "bind-propagation" && !/^r?(shared|slave|private|unbindable)$/.test(tail))
    return { code: "bad-mount", message: `${quoted(tail)} is no propagation`, hint: "such as rslave", at };
  if (head === "relabel" && !["shared", "private"].includes(tail))
    return { code: "bad-mount", message: `relabel is shared or private, not ${quoted(tail)}`, at };
  if (kind === "label" && tail.startsWith("="))
    return { code: "bad-mount", message: "a label has a name in front of the =", at };
  return undefined;
}

/** ramfs(5) knows a mode and nothing else; mount(8)'s own words go with every file system. */
function checkRamfsOption(option: string): Problem | undefined {
  const { head, tail } = splitAt(option, "=");
  if (tail === undefined && !/^(huge|noswap|inode)/.test(option)) return checkTmpfsOption(option);
  return { code: "bad-mount-option", message: `${quoted(head)} is not an option of a ramfs` };
}

import { closest } from "../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";
import { checkContainerPath } from "./path.ts";
import { checkTmpfsOption } from "./tmpfs.ts";
import { checkVolumeOption } from "./volume.ts";

/** One field of a `Mount=`, unquoted, and where it begins. */
export interface MountField {
  readonly text: string;
  readonly at: number;
}

/** The kinds of mount that Podman knows; the value tells what berth makes of them. */
const TYPES: Readonly<Record<string, "supported" | "later">> = {
  bind: "supported",
  tmpfs: "supported",
  volume: "later",
  glob: "later",
  image: "later",
  artifact: "later",
  ramfs: "later",
  devpts: "later",
};

const SOURCE_KEYS: readonly string[] = ["source", "src"];
const TARGET_KEYS: readonly string[] = ["destination", "dst", "target"];
/** Types that make no sense without a source. */
const NEED_SOURCE: readonly string[] = ["bind", "glob", "image", "artifact"];

/** Fields of a `type=bind` mount besides source and target: the name, and whether it takes a value. */
const BIND_FIELDS: Readonly<Record<string, "flag" | "value">> = {
  ro: "flag",
  readonly: "flag",
  rw: "flag",
  relabel: "value",
  "bind-propagation": "value",
  "bind-nonrecursive": "flag",
  chown: "flag",
  U: "flag",
  z: "flag",
  Z: "flag",
};

/** Fields of a `type=tmpfs` mount besides target and the options of tmpfs(5) under names of podman's own. */
const TMPFS_FIELDS: Readonly<Record<string, string>> = {
  "tmpfs-size": "size",
  "tmpfs-mode": "mode",
  chown: "U",
  readonly: "ro",
};

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
  const support = Object.hasOwn(TYPES, parts.type) ? TYPES[parts.type] : undefined;
  if (support === undefined) {
    return suggesting(
      { code: "bad-mount", message: `${quoted(parts.type)} is not a type of mount` },
      closest(parts.type, Object.keys(TYPES)),
    );
  }
  const bare = parts.fields.find((field) => SOURCE_KEYS.includes(field.text));
  if (bare !== undefined)
    return { code: "bad-mount", message: "source parameter does not include a value", at: bare.at };
  if (NEED_SOURCE.includes(parts.type) && !mountSource(parts)?.source) {
    return { code: "bad-mount", message: `source parameter is required for mount type ${parts.type}` };
  }
  if (support === "later") {
    return {
      code: "not-supported-yet",
      message: `mounts of type ${parts.type} are not supported yet`,
      hint: "bind or tmpfs",
    };
  }
  return checkFields(parts);
}

function checkFields(parts: MountParts): Problem | undefined {
  let target = false;
  for (const { text, at } of parts.fields) {
    const { head, tail, tailAt } = splitAt(text, "=");
    if (head === "type" || (parts.type === "bind" && SOURCE_KEYS.includes(head))) continue;
    if (TARGET_KEYS.includes(head)) {
      target = true;
      const problem = checkContainerPath(tail ?? "");
      if (problem !== undefined) return shifted(problem, at + tailAt);
      continue;
    }
    const problem = parts.type === "bind" ? checkBindField(text) : checkTmpfsField(text);
    if (problem !== undefined) return shifted(problem, at);
  }
  return target
    ? undefined
    : { code: "bad-mount", message: "no destination in the mount", hint: "add destination=/path" };
}

function checkBindField(text: string): Problem | undefined {
  const { head, tail } = splitAt(text, "=");
  const kind = Object.hasOwn(BIND_FIELDS, head) ? BIND_FIELDS[head] : undefined;
  if (kind === "value" && tail === undefined) return { code: "bad-mount", message: `${head} needs a value` };
  if (kind !== undefined || isDeferred(text)) return undefined;
  return tail === undefined
    ? checkVolumeOption(text)
    : unknownField(head, [...Object.keys(BIND_FIELDS), "source", "destination"]);
}

function checkTmpfsField(text: string): Problem | undefined {
  const { head, tail } = splitAt(text, "=");
  if (SOURCE_KEYS.includes(head)) return { code: "bad-mount", message: "a tmpfs has no source" };
  if (head === "ro" || head === "rw" || isDeferred(text)) return undefined;
  const own = Object.hasOwn(TMPFS_FIELDS, head) ? TMPFS_FIELDS[head] : undefined;
  return checkTmpfsOption(own === undefined || tail === undefined ? (own ?? text) : `${own}=${tail}`);
}

function unknownField(name: string, known: readonly string[]): Problem {
  return suggesting(
    { code: "bad-mount", message: `${quoted(name)} is not a field of a bind mount` },
    closest(name, known),
  );
}

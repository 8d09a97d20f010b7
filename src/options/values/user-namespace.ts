import { ID_LIMIT, type IdMapping } from "../../id-map.ts";
import { closest } from "../../suggest.ts";
import {
  DEFERRED,
  invalid,
  isDeferred,
  type Parsed,
  type Problem,
  quoted,
  shifted,
  splitAt,
  splitList,
  suggesting,
  valid,
} from "./check.ts";

/** A `UserNS=` in its parts. */
export type UserNamespaceMode =
  | { readonly mode: "host" }
  | { readonly mode: "private" }
  | { readonly mode: "nomap" }
  | {
      readonly mode: "keep-id";
      readonly uid: number | undefined;
      readonly gid: number | undefined;
      readonly size: number | undefined;
    }
  | {
      readonly mode: "auto";
      readonly size: number | undefined;
      readonly uids: readonly IdMapping[];
      readonly gids: readonly IdMapping[];
    }
  | { readonly mode: "namespace"; readonly path: string }
  | { readonly mode: "container"; readonly name: string };

const MODES: readonly string[] = ["host", "private", "nomap", "keep-id", "auto", "ns", "container"];

/** `UIDMap=`, `GIDMap=`. */
export function parseIdMapping(text: string): Parsed<IdMapping> {
  return isDeferred(text) ? DEFERRED : parseMapping(text);
}

function parseMapping(text: string): Parsed<IdMapping> {
  const bad = (message: string, at = 0) =>
    invalid("bad-id-map", message, { hint: "write CONTAINER:FROM[:AMOUNT]", at });
  const [first = "", second, third = "1", ...rest] = text.split(":");
  if (second === undefined || rest.length > 0) return bad(`${quoted(text)} is not an id mapping`);
  const [, flags = "", inside = ""] = /^([+ug]*)(.*)$/s.exec(first) ?? [];
  const outside = second.replace(/^@/, "");
  const thirdAt = first.length + 1 + second.length + 1;
  for (const [id, at] of [
    [inside, flags.length],
    [outside, first.length + 1 + (second.length - outside.length)],
    [third, thirdAt],
  ] as const) {
    if (!/^[0-9]{1,10}$/.test(id)) return bad(`${quoted(id)} is not an id`, at);
  }
  const [from, to, size] = [Number(inside), Number(outside), Number(third)];
  if (size === 0) return bad("a mapping of no ids", thirdAt);
  if (from + size > ID_LIMIT || to + size > ID_LIMIT) {
    return bad(`${quoted(text)} goes beyond the largest id, ${ID_LIMIT - 1}`);
  }
  const only = (["uid", "gid"] as const).filter((kind) => flags.includes(kind[0] ?? ""));
  return valid({
    inside: from,
    outside: to,
    size,
    ofHost: second.startsWith("@"),
    extends: flags.includes("+"),
    kinds: only.length === 0 ? ["uid", "gid"] : only,
  });
}

/** The first id that two of the lines map, on either side; lines with `+` take ids from the others. */
export function overlapOf(
  mappings: readonly IdMapping[],
): { readonly at: number; readonly problem: Problem } | undefined {
  for (const [at, mapping] of mappings.entries()) {
    if (mapping.extends) continue;
    for (const other of mappings.slice(0, at)) {
      if (other.extends || !mapping.kinds.some((kind) => other.kinds.includes(kind))) continue;
      for (const side of ["inside", "outside"] as const) {
        if (side === "outside" && mapping.ofHost !== other.ofHost) continue;
        if (mapping[side] >= other[side] + other.size || other[side] >= mapping[side] + mapping.size) continue;
        const id = Math.max(mapping[side], other[side]);
        const whose = side === "inside" ? "the container's" : "the outer";
        return { at, problem: { code: "bad-id-map", message: `${whose} id ${id} is mapped by another line already` } };
      }
    }
  }
  return undefined;
}

/** `UserNS=`. */
export function parseUserNamespace(text: string): Parsed<UserNamespaceMode> {
  if (isDeferred(text)) return DEFERRED;
  const { head, tail, tailAt } = splitAt(text, ":");
  const parse = Object.hasOwn(BY_MODE, head) ? BY_MODE[head] : undefined;
  if (parse !== undefined) return shifted(parse(tail), tailAt);
  const message = `${quoted(head)} is no kind of user namespace: ${MODES.join(", ")}`;
  return { problem: suggesting({ code: "bad-user-namespace", message }, closest(head, MODES)) };
}

/** The grammar of what is behind the colon, by the word before it. */
const BY_MODE: Readonly<Record<string, (tail: string | undefined) => Parsed<UserNamespaceMode>>> = {
  "": (tail) => parsePlain("host", "", tail),
  host: (tail) => parsePlain("host", "host", tail),
  private: (tail) => parsePlain("private", "private", tail),
  nomap: (tail) => parsePlain("nomap", "nomap", tail),
  "keep-id": parseKeepId,
  auto: parseAuto,
  ns: (tail) =>
    tail?.startsWith("/")
      ? valid({ mode: "namespace", path: tail })
      : bad("ns: needs the absolute path of a namespace"),
  container: (tail) => (tail ? valid({ mode: "container", name: tail }) : bad("container: needs a container's name")),
};

function parsePlain(
  mode: "host" | "private" | "nomap",
  word: string,
  tail: string | undefined,
): Parsed<UserNamespaceMode> {
  return tail === undefined ? valid({ mode }) : bad(`${word} takes no options`);
}

function bad(message: string, at = 0): ReturnType<typeof invalid> {
  return invalid("bad-user-namespace", message, { at });
}

function parseKeepId(options = ""): Parsed<UserNamespaceMode> {
  const numbers: Partial<Record<string, number>> = {};
  for (const { text, at } of optionsOf(options)) {
    const { head, tail = "", tailAt } = splitAt(text, "=");
    if (!["uid", "gid", "size"].includes(head)) return bad(`${quoted(head)} is not an option of keep-id`, at);
    if (!isId(tail)) return bad(`${quoted(tail)} is not an id`, at + tailAt);
    numbers[head] = Number(tail);
  }
  return valid({ mode: "keep-id", uid: numbers.uid, gid: numbers.gid, size: numbers.size });
}

function parseAuto(options = ""): Parsed<UserNamespaceMode> {
  let size: number | undefined;
  const maps = { uidmapping: [] as IdMapping[], gidmapping: [] as IdMapping[] };
  for (const { text, at } of optionsOf(options)) {
    const { head, tail = "", tailAt } = splitAt(text, "=");
    const valueAt = at + tailAt;
    if (head === "size") {
      if (!isId(tail) || tail === "0") return bad(`${quoted(tail)} is not a number of ids`, valueAt);
      size = Number(tail);
    } else if (head === "uidmapping" || head === "gidmapping") {
      const mapping = shifted(parseMapping(tail), valueAt);
      if (!("value" in mapping)) return mapping;
      maps[head].push(mapping.value);
    } else return bad(`${quoted(head)} is not an option of auto`, at);
  }
  return valid({ mode: "auto", size, uids: maps.uidmapping, gids: maps.gidmapping });
}

function optionsOf(text: string): ReturnType<typeof splitList> {
  return text === "" ? [] : splitList(text);
}

function isId(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text) && Number(text) < ID_LIMIT;
}

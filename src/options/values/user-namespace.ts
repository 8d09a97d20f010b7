import type { IdMapping } from "../../id-map.ts";
import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";

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

/** Ids are 32 bits, and -1 means none. */
const ID_LIMIT = 0xffff_ffff;

/** `UIDMap=`, `GIDMap=`. */
export function checkIdMapping(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  return parseMapping(value).problem;
}

/** The parts of a value that {@link checkIdMapping} has let through. */
export function parseIdMapping(value: string): IdMapping {
  const { mapping, problem } = parseMapping(value);
  if (mapping === undefined) throw new Error(`not an id mapping: ${value} (${problem?.message})`);
  return mapping;
}

function parseMapping(value: string): { mapping?: IdMapping; problem?: Problem } {
  const bad = (message: string, at = 0): { problem: Problem } => ({
    problem: { code: "bad-id-map", message, hint: "write CONTAINER:FROM[:AMOUNT]", at },
  });
  const [first = "", second, third = "1", ...rest] = value.split(":");
  if (second === undefined || rest.length > 0) return bad(`${quoted(value)} is not an id mapping`);
  const [, flags = "", inside = ""] = /^([+ug]*)(.*)$/s.exec(first) ?? [];
  const outside = second.replace(/^@/, "");
  const thirdAt = first.length + 1 + second.length + 1;
  for (const [text, at] of [
    [inside, flags.length],
    [outside, first.length + 1 + (second.length - outside.length)],
    [third, thirdAt],
  ] as const) {
    if (!/^[0-9]{1,10}$/.test(text)) return bad(`${quoted(text)} is not an id`, at);
  }
  const [from, to, size] = [Number(inside), Number(outside), Number(third)];
  if (size === 0) return bad("a mapping of no ids", thirdAt);
  if (from + size > ID_LIMIT || to + size > ID_LIMIT) {
    return bad(`${quoted(value)} goes beyond the largest id, ${ID_LIMIT - 1}`);
  }
  const only = (["uid", "gid"] as const).filter((kind) => flags.includes(kind[0] ?? ""));
  return {
    mapping: {
      inside: from,
      outside: to,
      size,
      ofHost: second.startsWith("@"),
      extends: flags.includes("+"),
      kinds: only.length === 0 ? ["uid", "gid"] : only,
    },
  };
}

/** Ids that two of the lines give away twice, on either side; lines with `+` take from the others what they need. */
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
export function checkUserNamespace(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  return parseMode(value).problem;
}

/** The parts of a value that {@link checkUserNamespace} has let through. */
export function parseUserNamespace(value: string): UserNamespaceMode {
  const { parsed, problem } = parseMode(value);
  if (parsed === undefined) throw new Error(`not a user namespace: ${value} (${problem?.message})`);
  return parsed;
}

interface ParsedMode {
  readonly parsed?: UserNamespaceMode;
  readonly problem?: Problem;
}

function parseMode(value: string): ParsedMode {
  const { head, tail, tailAt } = splitAt(value, ":");
  switch (head) {
    case "":
    case "host":
    case "private":
    case "nomap": {
      const mode = head === "" ? "host" : head;
      return tail === undefined ? { parsed: { mode } } : bad(`${head} takes no options`, tailAt);
    }
    case "ns":
      if (tail?.startsWith("/")) return { parsed: { mode: "namespace", path: tail } };
      return bad("ns: needs the absolute path of a namespace", tailAt);
    case "container":
      return tail ? { parsed: { mode: "container", name: tail } } : bad("container: needs a container's name", tailAt);
    case "keep-id":
      return parseKeepId(tail ?? "", tailAt);
    case "auto":
      return parseAuto(tail ?? "", tailAt);
    default: {
      const message = `${quoted(head)} is no kind of user namespace: ${MODES.join(", ")}`;
      return { problem: suggesting({ code: "bad-user-namespace", message }, closest(head, MODES)) };
    }
  }
}

function bad(message: string, at = 0): ParsedMode {
  return { problem: { code: "bad-user-namespace", message, at } };
}

function parseKeepId(options: string, at: number): ParsedMode {
  const numbers: Partial<Record<string, number>> = {};
  for (const option of eachOption(options)) {
    const { head, tail = "", tailAt } = splitAt(option.text, "=");
    if (!["uid", "gid", "size"].includes(head))
      return bad(`${quoted(head)} is not an option of keep-id`, at + option.at);
    if (!isId(tail)) return bad(`${quoted(tail)} is not an id`, at + option.at + tailAt);
    numbers[head] = Number(tail);
  }
  return { parsed: { mode: "keep-id", uid: numbers.uid, gid: numbers.gid, size: numbers.size } };
}

function parseAuto(options: string, at: number): ParsedMode {
  let size: number | undefined;
  const maps: Record<string, IdMapping[]> = { uidmapping: [], gidmapping: [] };
  for (const option of eachOption(options)) {
    const { head, tail = "", tailAt } = splitAt(option.text, "=");
    const valueAt = at + option.at + tailAt;
    if (head === "size") {
      if (!isId(tail) || tail === "0") return bad(`${quoted(tail)} is not a number of ids`, valueAt);
      size = Number(tail);
    } else if (head in maps) {
      const { mapping, problem } = parseMapping(tail);
      if (mapping === undefined) return { problem: shifted(problem, valueAt) as Problem };
      maps[head]?.push(mapping);
    } else return bad(`${quoted(head)} is not an option of auto`, at + option.at);
  }
  return { parsed: { mode: "auto", size, uids: maps.uidmapping ?? [], gids: maps.gidmapping ?? [] } };
}

function eachOption(options: string): { text: string; at: number }[] {
  if (options === "") return [];
  let at = 0;
  return options.split(",").map((text) => {
    const option = { text, at };
    at += text.length + 1;
    return option;
  });
}

function isId(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text) && Number(text) < ID_LIMIT;
}

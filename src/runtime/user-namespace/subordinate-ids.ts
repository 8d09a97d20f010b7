import { readFileSync } from "node:fs";
import { isMissing } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { IdRange } from "./id-map.ts";

/** A span of ids: `size` of them from `start` on. */
export interface IdSpan {
  readonly start: number;
  readonly size: number;
}

export const SUBORDINATE_FILES = { uid: "/etc/subuid", gid: "/etc/subgid" } as const;

/**
 * The spans of a user, named or numbered, in the text of subuid(5) or subgid(5). Malformed lines are ignored.
 */
export function parseSubordinateIds(text: string, name: string, uid?: number): IdSpan[] {
  return text.split("\n").flatMap((line) => {
    const [owner, start = "", size = ""] = line.trim().split(":");
    const ofOwner = owner === name || (uid !== undefined && owner === `${uid}`);
    const whole = /^[0-9]{1,10}$/.test(start) && /^[1-9][0-9]{0,9}$/.test(size);
    return ofOwner && whole ? [{ start: Number(start), size: Number(size) }] : [];
  });
}

/** A user's subordinate ids. Throws "user-namespace" if there are none, for then nothing can be mapped. */
export function readSubordinateIds(kind: "uid" | "gid", name: string, uid?: number): IdSpan[] {
  const path = SUBORDINATE_FILES[kind];
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const spans = parseSubordinateIds(text, name, uid);
  if (spans.length === 0) {
    throw new RuntimeError(
      "user-namespace",
      `no subordinate ${kind}s for ${name}: add a line like ${name}:1000000:65536 to ${path}`,
    );
  }
  return spans;
}

/** A map of the spans, one after another, to inside ids from `inside` on. */
export function consecutiveMap(spans: readonly IdSpan[], inside = 0): IdRange[] {
  let next = inside;
  return spans.map(({ start, size }) => {
    const range = { inside: next, outside: start, size };
    next += size;
    return range;
  });
}

import { readFileSync } from "node:fs";
import { isMissing } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { IdRange } from "./id-map.ts";

/** Ids that somebody may use: `size` of them from `start` on. */
export interface IdSpan {
  readonly start: number;
  readonly size: number;
}

export const SUBORDINATE_FILES = { uid: "/etc/subuid", gid: "/etc/subgid" } as const;

/**
 * The lines of subuid(5) or subgid(5) for a user, who may be named by uid as well; lines that are none are passed over.
 */
export function parseSubordinateIds(text: string, name: string, uid?: number): IdSpan[] {
  return text.split("\n").flatMap((line) => {
    const [owner, start = "", size = ""] = line.trim().split(":");
    const theirs = owner === name || (uid !== undefined && owner === `${uid}`);
    const whole = /^[0-9]{1,10}$/.test(start) && /^[1-9][0-9]{0,9}$/.test(size);
    return theirs && whole ? [{ start: Number(start), size: Number(size) }] : [];
  });
}

/** A user's subordinate ids. Throws "user-namespace" where there are none: nothing can be mapped then. */
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

/** A map that gives the ids one after another to the ids inside, from `inside` on. */
export function consecutiveMap(spans: readonly IdSpan[], inside = 0): IdRange[] {
  let next = inside;
  return spans.map(({ start, size }) => {
    const range = { inside: next, outside: start, size };
    next += size;
    return range;
  });
}

import { isDeferred, type Problem, quoted } from "./check.ts";

/** Ids in a row: `inside` on the disk, seen as `outside`; relative to the container's own ids if `ofContainer`. */
export interface MountIdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
  readonly ofContainer: boolean;
}

/** What an option `idmap=` says of users and of groups; undefined is the container's own map. */
export interface MountIdMap {
  readonly uids?: readonly MountIdRange[];
  readonly gids?: readonly MountIdRange[];
}

const ID_LIMIT = 0xffff_ffff;

/** The value of `idmap=`: `uids=0-1000-10#10-11-10;gids=@0-0-10`, or none at all. */
export function checkMountIdMap(value: string | undefined): Problem | undefined {
  if (value === undefined || isDeferred(value)) return undefined;
  let at = 0;
  for (const part of value.split(";")) {
    const [, ranges] = /^[ug]ids=(.*)$/s.exec(part) ?? [];
    if (ranges === undefined) {
      const message = `${quoted(part)} in idmap= is neither uids=… nor gids=…`;
      return { code: "bad-id-map", message, hint: "write uids=DISK-HOST-SIZE", at };
    }
    const bad = ranges.split("#").find((text) => parseRange(text) === undefined);
    if (bad !== undefined) {
      const message = `${quoted(bad)} in idmap= is no range of ids`;
      return { code: "bad-id-map", message, hint: "write DISK-HOST-SIZE", at };
    }
    at += part.length + 1;
  }
  return undefined;
}

/** The parts of a value that {@link checkMountIdMap} has let through. */
export function parseMountIdMap(value: string): MountIdMap {
  const parts = new Map(value.split(";").map((part) => [part.slice(0, 4), part.slice("uids=".length)]));
  const ranges = (kind: string) =>
    parts
      .get(kind)
      ?.split("#")
      .flatMap((text) => parseRange(text) ?? []);
  const [uids, gids] = [ranges("uids"), ranges("gids")];
  return { ...(uids === undefined ? {} : { uids }), ...(gids === undefined ? {} : { gids }) };
}

function parseRange(text: string): MountIdRange | undefined {
  const [, relative, inside, outside, size] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const range = { inside: Number(inside), outside: Number(outside), size: Number(size), ofContainer: relative === "@" };
  const end = Math.max(range.inside, range.outside) + range.size;
  // What does not match is not a number.
  return range.size >= 1 && end <= ID_LIMIT ? range : undefined;
}

import { parseMountIdRange } from "../../id-map.ts";
import { isDeferred, type Problem, quoted } from "./check.ts";

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
    const bad = ranges.split("#").find((text) => parseMountIdRange(text) === undefined);
    if (bad !== undefined) {
      const message = `${quoted(bad)} in idmap= is no range of ids`;
      return { code: "bad-id-map", message, hint: "write DISK-HOST-SIZE", at };
    }
    at += part.length + 1;
  }
  return undefined;
}

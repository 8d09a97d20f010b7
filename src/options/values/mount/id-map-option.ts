import { parseMountIdRange } from "../../../id-map.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, splitList, valid } from "../check.ts";

/** The value of `idmap=`, as it was written: `uids=0-1000-10#10-11-10;gids=@0-0-10`, or none at all. */
export function parseIdMapOption(text: string | undefined): Parsed<string | undefined> {
  if (text === undefined) return valid(undefined);
  if (isDeferred(text)) return DEFERRED;
  for (const { text: part, at } of splitList(text, ";")) {
    const [, ranges] = /^[ug]ids=(.*)$/s.exec(part) ?? [];
    if (ranges === undefined) {
      const message = `${quoted(part)} in idmap= is neither uids=… nor gids=…`;
      return invalid("bad-id-map", message, { hint: "write uids=DISK-HOST-SIZE", at });
    }
    const bad = ranges.split("#").find((range) => parseMountIdRange(range) === undefined);
    if (bad === undefined) continue;
    const message = `${quoted(bad)} in idmap= is no range of ids`;
    return invalid("bad-id-map", message, { hint: "write DISK-HOST-SIZE", at });
  }
  return valid(text);
}

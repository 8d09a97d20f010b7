import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseSource, type Source } from "../../generator/reading/source.ts";
import { quoted, valueIn } from "../../options/values/check.ts";
import { parseTimezone } from "../../options/values/path.ts";
import type { Diagnostic } from "../../unit/diagnostic.ts";
import { positionAt } from "../../unit/entry.ts";
import { lastEntry } from "../../unit/lookup.ts";
import { unquoteString } from "../../unit/words.ts";

const ZONES = "/usr/share/zoneinfo";

/**
 * Warnings of time zones that this machine does not have: a start here would fail, but the files may be for another
 * machine. None where there are no zones at all.
 */
export function warnOfUnknownZones(sources: readonly Source[], zones: string = ZONES): Diagnostic[] {
  if (!existsSync(zones)) return [];
  return sources.flatMap((source) => {
    const entry = lastEntry(parseSource(source)?.sections.get("Container"), "Timezone");
    const zone = entry === undefined ? undefined : valueIn(parseTimezone(unquoteString(entry.value)));
    if (entry === undefined || zone === undefined || zone === "local" || existsSync(join(zones, zone))) return [];
    const message = `Timezone: this machine has no time zone ${quoted(zone)}`;
    const place = { path: entry.path, ...positionAt(entry, 0) };
    return [{ ...place, severity: "warning" as const, code: "unknown-zone", message }];
  });
}

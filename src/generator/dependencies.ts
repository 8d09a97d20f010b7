import type { Entry } from "../unit/entry.ts";
import type { UnitDraft } from "../unit/unit-draft.ts";
import { splitWords } from "../unit/words.ts";
import { fileTypeOf } from "./file-type.ts";
import type { Report } from "./report.ts";
import type { ParsedSource } from "./source.ts";
import { closest } from "./suggest.ts";
import type { UnitIndex } from "./unit-index.ts";

/** Keys of `[Unit]` in which Quadlet lets a file stand for the service it makes. */
const DEPENDENCY_KEYS: readonly string[] = [
  "After",
  "Before",
  "BindsTo",
  "Conflicts",
  "OnFailure",
  "OnSuccess",
  "PartOf",
  "PropagatesReloadTo",
  "PropagatesStopTo",
  "ReloadPropagatedFrom",
  "Requires",
  "Requisite",
  "StopPropagatedFrom",
  "Upholds",
  "Wants",
];

/**
 * Puts services' names in the place of Quadlet files' in the `[Unit]` section of the draft: `After=db.container` becomes
 * `After=db.service`. A line without such a name stays as it was written. Files that do not exist are reported.
 */
export function translateDependencies(draft: UnitDraft, parsed: ParsedSource, units: UnitIndex, report: Report): void {
  for (const [key, entries] of parsed.sections.get("Unit") ?? []) {
    if (!DEPENDENCY_KEYS.includes(key)) continue;
    for (const entry of entries) {
      const translated = translate(entry, units, report);
      if (translated !== entry.value) draft.replace(entry, translated);
    }
  }
}

function translate(entry: Entry, units: UnitIndex, report: Report): string {
  let value = "";
  let from = 0;
  for (const { text, offset, end } of splitWords(entry.value, "plain").words) {
    if (fileTypeOf(text) === undefined) continue;
    const unit = units.get(text);
    if (unit === undefined) {
      const near = closest(text, units.keys());
      const message = `${entry.key}: unable to translate dependency for ${text}: there is no such file`;
      const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
      report.at(entry, offset, { code: "unit-not-found", message, ...hint });
      continue;
    }
    value += entry.value.slice(from, offset) + unit.serviceName;
    from = end;
  }
  return value + entry.value.slice(from);
}

import { quoted } from "../../options/values/check.ts";
import type { Entry } from "../../unit/entry.ts";
import type { UnitDraft } from "../../unit/unit-draft.ts";
import { isUnitName } from "../../unit/unit-name.ts";
import { splitWords } from "../../unit/words.ts";
import { fileTypeOf } from "../reading/file-type.ts";
import type { Reference } from "../reading/references.ts";
import type { Report, Value } from "../reading/report.ts";
import type { UnitContext } from "./context.ts";

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

/** The keys that order two units. */
const ORDERS: Readonly<Record<string, Pick<Reference, "order">>> = {
  After: { order: "after" },
  Before: { order: "before" },
};

/** The keys that require another unit. */
const REQUIRING: readonly string[] = ["BindsTo", "Requires", "Requisite"];

/**
 * Replaces the names of Quadlet files in the draft's `[Unit]` section by those of their services: `After=db.container`
 * becomes `After=db.service`. A line without such a name stays as it was written. Files that do not exist are reported.
 */
export function translateDependencies(draft: UnitDraft, context: UnitContext): void {
  for (const [key, entries] of context.parsed.sections.get("Unit") ?? []) {
    if (!DEPENDENCY_KEYS.includes(key)) continue;
    for (const entry of entries) {
      const translated = translate(entry, context);
      if (translated !== entry.value) draft.replace(entry, translated);
    }
  }
}

function translate(entry: Entry, { references, report }: UnitContext): string {
  const { key } = entry;
  const required = REQUIRING.includes(key);
  let value = "";
  let from = 0;
  for (const { text, offset, end } of splitWords(entry.value, "plain").words) {
    const word = { text, entry, offset, end };
    if (fileTypeOf(text) === undefined) {
      warnOfNoUnit(word, report);
      continue;
    }
    const unit = references.unit(word, { required, ...ORDERS[key] });
    if ("code" in unit) {
      report.value(word, unit);
      continue;
    }
    value += entry.value.slice(from, offset) + unit.serviceName;
    from = end;
  }
  return value + entry.value.slice(from);
}

/** Warns of a word that systemd would only log and ignore. */
function warnOfNoUnit(word: Value, report: Report): void {
  if (word.text.includes("%") || isUnitName(word.text)) return;
  const message = `${quoted(word.text)} is not the name of a unit, and is passed over`;
  const hint = "names of units end in .service, .target, .container and so on";
  report.value(word, { code: "bad-unit-name", message, hint }, "warning");
}

import { quoted } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import { headersOf } from "../../unit/lookup.ts";
import { FILE_TYPES } from "./file-type.ts";
import type { Report } from "./report.ts";
import type { ParsedSource } from "./source.ts";
import { isSystemdKey } from "./systemd-keys.ts";

/** systemd's own sections that have a meaning beside a file type's. */
const SYSTEMD_SECTIONS: readonly string[] = ["Unit", "Service", "Install"];

/**
 * Reports unknown sections: misspelt ones, and those of other file types, are errors, as their keys would be lost;
 * others are a warning, as systemd ignores them. `[X-…]` is free for any use.
 */
export function checkSections(parsed: ParsedSource, report: Report): void {
  const { section: own, extension } = parsed.type;
  warnOfMisplacedKeys(parsed, report);
  const known = [own, "Quadlet", "Berth", ...SYSTEMD_SECTIONS, ...(extension === "container" ? ["Socket"] : [])];
  if (!hasOthers(parsed.sections, known)) return;
  const seen = new Set<string>();
  for (const header of headersOf(parsed.file)) {
    const name = header.section;
    if (known.includes(name) || name.startsWith("X-") || seen.has(name)) continue;
    seen.add(name);
    const near = closest(name, known);
    const foreign = name === "Socket" || FILE_TYPES.some((type) => type.section === name);
    if (foreign) {
      const message = `[${name}] does not belong in a .${extension} file`;
      report.item(header, { code: "foreign-section", message });
    } else if (near !== undefined) {
      const message = `unknown section ${quoted(name)}`;
      report.item(header, { code: "unknown-section", message, hint: `did you mean "${near}"?` });
    } else {
      const message = `unknown section ${quoted(name)} is passed over`;
      report.item(header, { code: "unknown-section", message, hint: "begin its name with X-" }, "warning");
    }
  }
}

function hasOthers(sections: ReadonlyMap<string, unknown>, known: readonly string[]): boolean {
  for (const name of sections.keys()) if (!known.includes(name)) return true;
  return false;
}

/** Reports keys of Quadlet's in a section of systemd's, which would ignore them. */
function warnOfMisplacedKeys({ type, sections }: ParsedSource, report: Report): void {
  for (const name of SYSTEMD_SECTIONS) {
    for (const [key, entries] of sections.get(name) ?? []) {
      if (!type.keys().has(key) || isSystemdKey(key)) continue;
      const message = `${key}= means nothing in [${name}]`;
      const problem = { code: "misplaced-key", message, hint: `write it in [${type.section}]` };
      for (const entry of entries) report.item(entry, problem, "warning");
    }
  }
}

import { headersOf } from "../../unit/lookup.ts";
import type { Report } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";

/** Mistakes that may be why a key is not where it is looked for. */
const MISPLACED: readonly string[] = ["bad-section-header", "key-outside-section", "not-an-assignment"];

/**
 * Reports that a file names no image, unless what is wrong with it besides may be all that is: `image=`, `[container]`.
 */
export function reportNoImage({ type, file }: ParsedSource, message: string, report: Report): void {
  const meant = ["Image", type.section].map((name) => `did you mean "${name}"?`);
  const explained = report.diagnostics.some(({ code, hint = "" }) => MISPLACED.includes(code) || meant.includes(hint));
  if (explained) return;
  const problem = { code: "no-image", message, hint: `write Image= in [${type.section}]` };
  const header = headersOf(file).find(({ section }) => section === type.section);
  if (header === undefined) report.file(problem);
  else report.item(header, problem);
}

import { headersOf } from "../../unit/lookup.ts";
import type { Report } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";

/** Errors that may be the reason for a missing key. */
const MISPLACED: readonly string[] = ["bad-section-header", "key-outside-section", "not-an-assignment"];

/** Reports that a file names no image, unless another error may be the reason: `image=`, `[container]`. */
export function reportNoImage({ type, file }: ParsedSource, message: string, report: Report): void {
  const meant = ["Image", type.section].map((name) => `did you mean "${name}"?`);
  const explained = report.diagnostics.some(({ code, hint = "" }) => MISPLACED.includes(code) || meant.includes(hint));
  if (explained) return;
  const problem = { code: "no-image", message, hint: `write Image= in [${type.section}]` };
  const header = headersOf(file).find(({ section }) => section === type.section);
  if (header === undefined) report.file(problem);
  else report.item(header, problem);
}

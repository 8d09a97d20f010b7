import type { Reference } from "../reading/references.ts";
import type { Report } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { Units } from "./context.ts";

/** One source, its diagnostics and its units. */
export interface SourceOutcome {
  readonly parsed: ParsedSource;
  readonly report: Report;
  readonly units: Units;
  readonly references: readonly Reference[];
}

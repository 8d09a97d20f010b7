import type { Reference } from "../reading/references.ts";
import type { Report } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { Units } from "./context.ts";

/** One source and what came of it. */
export interface SourceOutcome {
  readonly parsed: ParsedSource;
  readonly report: Report;
  readonly units: Units;
  readonly references: readonly Reference[];
}

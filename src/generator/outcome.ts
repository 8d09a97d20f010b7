import type { Units } from "./context.ts";
import type { Reference } from "./references.ts";
import type { Report } from "./report.ts";
import type { ParsedSource } from "./source.ts";

/** One source and what came of it. */
export interface Outcome {
  readonly parsed: ParsedSource;
  readonly report: Report;
  readonly units: Units;
  readonly references: readonly Reference[];
}

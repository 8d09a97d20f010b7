import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { escapeSpecifiers } from "../unit/quoting.ts";
import { UnitDraft } from "../unit/unit-draft.ts";
import { CommandLine } from "./command-line.ts";
import type { GenerateOptions } from "./context.ts";
import { UNSET_ENVIRONMENT } from "./environment.ts";

/** More lines than this in one command line help nobody. */
const LINES_MAX = 50;

/**
 * The service that stands in for one whose file has errors: starting it fails, with the errors as its output, so that
 * `systemctl status` and the journal show them where people look.
 */
export function stubText(
  sourcePath: string,
  fileName: string,
  errors: readonly Diagnostic[],
  options: GenerateOptions,
): string {
  const lines = errors.slice(0, LINES_MAX).map(formatDiagnostic);
  if (errors.length > LINES_MAX) lines.push(`… and ${errors.length - LINES_MAX} more`);
  const draft = new UnitDraft();
  draft.append("Unit", "Description", escapeSpecifiers(`${fileName} (refused because of errors)`));
  draft.append("Unit", "SourcePath", escapeSpecifiers(sourcePath));
  draft.append("Service", "Type", "oneshot").append("Service", "SyslogIdentifier", "%N");
  draft.append("Service", "UnsetEnvironment", UNSET_ENVIRONMENT);
  draft.append("Service", "ExecStart", new CommandLine().literal(options.berth, "refuse", "--", ...lines).toString());
  return draft.toString();
}

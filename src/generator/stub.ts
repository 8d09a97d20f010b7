import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { escapeSpecifiers } from "../unit/quoting.ts";
import { UnitDraft } from "../unit/unit-draft.ts";
import { CommandLine } from "./making/command-line.ts";
import type { GenerateOptions } from "./making/context.ts";
import { UNSET_ENVIRONMENT } from "./making/environment.ts";
import type { StopLines } from "./making/running-service-stop.ts";

/** More lines than this in one command line help nobody. */
const LINES_MAX = 50;

/** A service that cannot be started: it says why. */
interface Stub {
  readonly description: string;
  readonly sourcePath?: string;
  readonly why: readonly string[];
  /** How what runs of it comes to an end; absent if nothing runs. */
  readonly stop: StopLines | undefined;
}

/**
 * The service that stands in for one whose file has errors: starting it fails, with the errors as its output, so that
 * `systemctl status` and the journal show them where people look. If it runs from before, it can be stopped.
 */
export function refusedText(
  sourcePath: string,
  fileName: string,
  errors: readonly Diagnostic[],
  stop: StopLines | undefined,
  options: GenerateOptions,
): string {
  const why = errors.slice(0, LINES_MAX).map(formatDiagnostic);
  if (errors.length > LINES_MAX) why.push(`… and ${errors.length - LINES_MAX} more`);
  return stubText({ description: `${fileName} (refused because of errors)`, sourcePath, why, stop }, options);
}

/**
 * The service that stands in for one that runs, and whose file is not there any more. With the next reload after its
 * end it is gone.
 */
export function removedText(unit: string, stop: StopLines, options: GenerateOptions): string {
  const description = `${unit} (its file has been removed: it can only be stopped)`;
  const why = [`${unit}: its file has been removed, so it cannot be started any more`];
  return stubText({ description, why, stop }, options);
}

function stubText({ description, sourcePath, why, stop }: Stub, options: GenerateOptions): string {
  const draft = new UnitDraft();
  draft.append("Unit", "Description", escapeSpecifiers(description));
  if (sourcePath !== undefined) draft.append("Unit", "SourcePath", escapeSpecifiers(sourcePath));
  draft.appendAll("Unit", stop?.unit ?? []);
  draft.appendAll("Service", stop?.service ?? [["Type", "oneshot"]]).append("Service", "SyslogIdentifier", "%N");
  draft.append("Service", "UnsetEnvironment", UNSET_ENVIRONMENT);
  draft.append("Service", "ExecStart", new CommandLine().literal(options.berth, "refuse", "--", ...why).toString());
  return draft.toString();
}

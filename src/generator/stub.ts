import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { escapeSpecifiers } from "../unit/quoting.ts";
import { UnitDraft } from "../unit/unit-draft.ts";
import { CommandLine } from "./making/command-line.ts";
import type { GenerateOptions } from "./making/context.ts";
import { UNSET_ENVIRONMENT } from "./making/environment.ts";
import type { StopLines } from "./making/running-service-stop.ts";

/** More lines than this do not help a reader. */
const LINES_MAX = 50;

/** A service that cannot be started, and reports why. */
interface Stub {
  readonly description: string;
  readonly sourcePath?: string;
  readonly why: readonly string[];
  /** The lines that stop its container or pod; absent if it does not run. */
  readonly stop: StopLines | undefined;
}

/**
 * The service in place of one whose file has errors: starting it fails and prints the errors, so that `systemctl
 * status` and the journal show them. If the former one runs, it can be stopped.
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

/** The service in place of a running one whose file is gone. It disappears with the first reload after its end. */
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

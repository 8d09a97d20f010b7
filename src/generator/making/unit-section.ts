import { escapeSpecifiers } from "../../unit/quoting.ts";
import type { Directive, UnitDraft } from "../../unit/unit-draft.ts";
import type { UnitContext } from "./context.ts";
import { translateDependencies } from "./dependencies.ts";

/** The directory of images, volumes and containers in the system's scope, src/scope.ts. */
const STATE_DIRECTORY = "/var/lib/berth";

/**
 * Completes a service's `[Unit]` section: lines of every service, then those of its type. The keys have been read
 * before.
 */
export function completeUnitSection(draft: UnitDraft, context: UnitContext, more: readonly Directive[]): void {
  const { parsed, options, quadlet, references } = context;
  if (parsed.sections.has("Unit")) translateDependencies(draft, context);
  // First, so that an empty After= or Wants= of the user's clears them. A user's manager has no such target.
  if (options.scope === "system" && quadlet.boolean("DefaultDependencies") !== false) {
    draft.prepend("Unit", "After", "network-online.target").prepend("Unit", "Wants", "network-online.target");
  }
  const lines: Directive[] = [["SourcePath", escapeSpecifiers(parsed.source.path)]];
  if (options.scope === "system") lines.push(["RequiresMountsFor", STATE_DIRECTORY]);
  draft.appendAll("Unit", [...lines, ...references.lines, ...more]);
}

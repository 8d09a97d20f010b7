import type { SourceOutcome } from "../making/source-outcome.ts";
import type { ParsedSource } from "../reading/source.ts";

/**
 * Reports the references to files that have errors, and those to files that refer to such files, and so on: what they
 * are to make will not be there. What is wrong with the other file is told there.
 */
export function reportBrokenReferences(outcomes: readonly SourceOutcome[]): void {
  const users = new Map<ParsedSource, Set<SourceOutcome>>();
  for (const outcome of outcomes) {
    for (const { target, kind } of outcome.references) {
      if (kind !== "uses") continue;
      const others = users.get(target);
      if (others === undefined) users.set(target, new Set([outcome]));
      else others.add(outcome);
    }
  }
  if (users.size === 0) return;
  // Grows while it is walked through; each outcome gets in once at most.
  const broken = outcomes.filter(({ report }) => report.hasErrors);
  const seen = new Set(broken);
  for (const { parsed } of broken) {
    for (const user of users.get(parsed) ?? []) {
      for (const { target, kind, value } of user.references) {
        if (target !== parsed || kind !== "uses") continue;
        const message = `${parsed.source.name} has errors itself`;
        user.report.value(value, { code: "broken-reference", message });
      }
      if (!seen.has(user)) broken.push(user);
      seen.add(user);
    }
  }
}

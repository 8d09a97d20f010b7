import type { SourceOutcome } from "../making/source-outcome.ts";
import type { ParsedSource } from "../reading/source.ts";

/**
 * Reports references to files that have errors, and to files that refer to such files, and so on: the objects that they
 * name will not exist. The other file's own errors are reported there.
 */
export function reportBrokenReferences(outcomes: readonly SourceOutcome[]): void {
  const users = usersOf(outcomes);
  if (users.size === 0) return;
  // Grows while it is walked through; each outcome gets in once at most.
  const broken = outcomes.filter(({ report }) => report.hasErrors);
  const seen = new Set(broken);
  for (const { parsed } of broken) {
    for (const user of users.get(parsed) ?? []) {
      reportReferences(user, parsed);
      if (!seen.has(user)) broken.push(user);
      seen.add(user);
    }
  }
}

/** The files that use each file. */
function usersOf(outcomes: readonly SourceOutcome[]): ReadonlyMap<ParsedSource, ReadonlySet<SourceOutcome>> {
  const users = new Map<ParsedSource, Set<SourceOutcome>>();
  for (const outcome of outcomes) {
    for (const { target, kind } of outcome.references) {
      if (kind !== "uses") continue;
      const others = users.get(target);
      if (others === undefined) users.set(target, new Set([outcome]));
      else others.add(outcome);
    }
  }
  return users;
}

function reportReferences({ references, report }: SourceOutcome, broken: ParsedSource): void {
  for (const { target, kind, value } of references) {
    if (target !== broken || kind !== "uses") continue;
    report.value(value, { code: "broken-reference", message: `${broken.source.name} has errors itself` });
  }
}

import { lastEntry } from "../../unit/lookup.ts";
import type { SourceOutcome } from "../making/source-outcome.ts";
import { nameForOthers, nameKeyOf } from "../reading/resource-name.ts";

/**
 * Warns of files that name the same container, network, pod or volume: containers and pods would replace each other; a
 * network or volume would be shared, as the first file makes it.
 */
export function warnOfSameNames(outcomes: readonly SourceOutcome[]): void {
  // A name made from the file's name is unique, unless another file takes it.
  if (!outcomes.some(givesName)) return;
  const owners = new Map<string, SourceOutcome>();
  for (const outcome of outcomes) {
    const { parsed, report } = outcome;
    const { extension } = parsed.type;
    if (nameKeyOf(parsed.type) === undefined || report.hasErrors) continue;
    const name = nameForOthers(parsed);
    const other = owners.get(`${extension} ${name}`);
    owners.set(`${extension} ${name}`, other ?? outcome);
    if (other === undefined) continue;
    const [namer, namesake] = givesName(outcome) ? [outcome, other] : [other, outcome];
    const entry = lastEntry(namer.parsed.sections.get(parsed.type.section), nameKeyOf(parsed.type) ?? "");
    const message = `${name} is the ${extension} of ${namesake.parsed.source.name} too`;
    const problem = { code: "same-name", message };
    if (entry === undefined) namer.report.file(problem, "warning");
    else namer.report.at(entry, 0, { ...problem, message: `${entry.key}: ${message}` }, "warning");
  }
}

function givesName({ parsed }: SourceOutcome): boolean {
  const key = nameKeyOf(parsed.type);
  return key !== undefined && (lastEntry(parsed.sections.get(parsed.type.section), key)?.value ?? "") !== "";
}

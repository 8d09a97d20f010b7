import type { SourceOutcome } from "../making/source-outcome.ts";

/** Refuses sources that make the same unit: only their author knows which one is meant. */
export function reportCollisions(outcomes: readonly SourceOutcome[]): void {
  const makers = new Map<string, SourceOutcome[]>();
  const claim = (name: string, outcome: SourceOutcome): void => {
    const others = makers.get(name);
    if (others === undefined) makers.set(name, [outcome]);
    else if (!others.includes(outcome)) others.push(outcome);
  };
  for (const outcome of outcomes) {
    claim(outcome.parsed.serviceName, outcome);
    for (const { name } of outcome.units.files) claim(name, outcome);
  }
  for (const [name, all] of makers) {
    if (all.length < 2) continue;
    for (const { parsed, report } of all) {
      const others = all.filter((other) => other.parsed !== parsed).map((other) => other.parsed.source.shownPath);
      const problem = { code: "same-service", message: `${name} is also made by ${others.join(", ")}` };
      const entry = name === parsed.serviceName ? parsed.serviceNameEntry : undefined;
      if (entry === undefined) report.file(problem);
      else report.item(entry, problem);
    }
  }
}

/** Refuses an alias that is another source's unit or alias: its link would replace that one. */
export function reportAliasCollisions(outcomes: readonly SourceOutcome[]): void {
  const owners = new Map<string, SourceOutcome>();
  for (const outcome of outcomes) for (const { name } of outcome.units.files) owners.set(name, outcome);
  for (const outcome of outcomes) {
    for (const { path } of outcome.units.links) {
      if (/\.(?:wants|requires|upholds)\//.test(path)) continue;
      const owner = owners.get(path);
      if (owner === undefined) {
        owners.set(path, outcome);
      } else if (owner !== outcome) {
        const message = `the alias ${path} is a unit of ${owner.parsed.source.shownPath} already`;
        outcome.report.file({ code: "same-service", message });
      }
    }
  }
}

import type { SourceOutcome } from "../making/source-outcome.ts";
import type { Value } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";

/** An order between two files: one starts after the other. */
interface Edge {
  readonly to: ParsedSource;
  /** The reference that demands it, and the file with that reference. */
  readonly value: Value;
  readonly by: SourceOutcome;
  readonly required: boolean;
}

/**
 * Reports files that wait for each other. systemd would break such a loop by leaving out one unit, and not always the
 * same; where the units require each other, none would start. Each loop is reported once, at the first of its lines.
 */
export function reportDependencyLoops(outcomes: readonly SourceOutcome[]): void {
  const edges = new Map<ParsedSource, Edge[]>();
  const add = (from: ParsedSource, edge: Edge): void => {
    const others = edges.get(from);
    if (others === undefined) edges.set(from, [edge]);
    else others.push(edge);
  };
  for (const by of outcomes) {
    for (const { target, value, order, required } of by.references) {
      if (order === "after") add(by.parsed, { to: target, value, by, required: required || requires(by, target) });
      else if (order === "before") add(target, { to: by.parsed, value, by, required: false });
    }
  }
  if (edges.size === 0) return;
  const done = new Set<ParsedSource>();
  for (const { parsed } of outcomes) walk(parsed, edges, done);
}

/** Whether a key of `[Unit]` makes a requirement. */
function requires({ references }: SourceOutcome, target: ParsedSource): boolean {
  return references.some((reference) => reference.target === target && reference.required);
}

/** Depth first, with a stack of its own: a file on the path that is met again closes a loop. */
function walk(start: ParsedSource, edges: ReadonlyMap<ParsedSource, readonly Edge[]>, done: Set<ParsedSource>): void {
  const path: Edge[] = [];
  const positions = new Map<ParsedSource, number>([[start, 0]]);
  const pending: (readonly [ParsedSource, Iterator<Edge>])[] = [];
  const enter = (node: ParsedSource): void => {
    pending.push([node, (edges.get(node) ?? []).values()]);
  };
  if (!done.has(start)) enter(start);
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const [node, rest] = top;
    const { value: edge } = rest.next() as { value: Edge | undefined };
    if (edge === undefined) {
      pending.pop();
      path.pop();
      positions.delete(node);
      done.add(node);
      continue;
    }
    const position = positions.get(edge.to);
    if (position !== undefined) {
      reportLoop([...path.slice(position), edge]);
    } else if (!done.has(edge.to)) {
      path.push(edge);
      positions.set(edge.to, path.length);
      enter(edge.to);
    }
  }
}

function reportLoop(loop: readonly Edge[]): void {
  const [first] = loop;
  if (first === undefined) return;
  const last = loop.at(-1)?.to.source.name;
  const names = [last, ...loop.map(({ to }) => to.source.name)].join(" after ");
  const message = loop.length === 1 ? `${last} would wait for itself` : `dependency loop: ${names}`;
  const problem = { code: "dependency-loop", message };
  first.by.report.value(first.value, problem, loop.some(({ required }) => required) ? "error" : "warning");
}

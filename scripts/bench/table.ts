/** What berth's result of a row should be: at most a factor of another column, or a fixed limit in the row's unit. */
export type Goal = { readonly column: string; readonly moonshot?: number } & (
  | { readonly of: string; readonly factor: number }
  | { readonly limit: number }
);

export interface Row {
  readonly what: string;
  /** "" for a number of things. */
  readonly unit: "ms" | "s" | "kB" | "";
  /**
   * What was measured, by column and round; NaN for a round that failed. The same round of two columns was measured one
   * after the other, so that whatever else the machine did met both.
   */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  readonly goals?: readonly Goal[] | undefined;
}

/** What columns are called in tables, in their order; others have their own name, and come last. */
export const COLUMNS: Readonly<Record<string, string>> = {
  trivial: "plain unit",
  "bare-runc": "bare runc",
  "bare-crun": "bare crun",
  podman: "Podman",
  berth: "berth",
  "berth-runc": "berth, runc",
  "berth-crun": "berth, crun",
};

export interface Spread {
  readonly median: number;
  /** A quarter of the values is lower, and a quarter is higher. */
  readonly lower: number;
  readonly upper: number;
}

/** The middle of the values that are numbers, and where the middle half of them lies; NaN of nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? Number.NaN;
    return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] ?? Number.NaN) - below);
  };
  return { median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

/** What a goal is compared with: the ratio of each round, or the values themselves. */
export function resultOf(row: Row, goal: Goal): Spread {
  const values = row.rounds[goal.column] ?? [];
  if ("limit" in goal) return spreadOf(values);
  const others = row.rounds[goal.of] ?? [];
  return spreadOf(values.map((value, round) => value / (others[round] ?? Number.NaN)));
}

export type Verdict = "moonshot" | "met" | "MISSED" | "";

/** Empty where nothing was measured. */
export function verdictOf(row: Row, goal: Goal): Verdict {
  const { median } = resultOf(row, goal);
  if (Number.isNaN(median)) return "";
  if (goal.moonshot !== undefined && median <= goal.moonshot) return "moonshot";
  return median <= ("limit" in goal ? goal.limit : goal.factor) ? "met" : "MISSED";
}

/** A Markdown table of the medians, with the middle half of the rounds in brackets. */
export function formatRows(rows: readonly Row[]): string {
  const measured = new Set(rows.flatMap(({ rounds }) => Object.keys(rounds)));
  const known = Object.keys(COLUMNS).filter((column) => measured.delete(column));
  const columns = [...known, ...measured];
  return markdown([
    ["medians (half of the rounds)", ...columns.map((column) => COLUMNS[column] ?? column)],
    ...rows.map(({ what, unit, rounds }) => [
      what,
      ...columns.map((column) => formatSpread(spreadOf(rounds[column] ?? []), unit)),
    ]),
  ]);
}

/** A Markdown table of all goals of the rows, and whether they were met; undefined without any. */
export function formatGoals(rows: readonly Row[]): string | undefined {
  const lines = rows.flatMap((row) =>
    (row.goals ?? []).map((goal) => {
      const unit = "limit" in goal ? row.unit : `× ${COLUMNS[goal.of] ?? goal.of}`;
      const show = (value: number | undefined) => (value === undefined ? "" : `≤ ${formatValue(value, unit)}`);
      const wanted = "limit" in goal ? goal.limit : goal.factor;
      const result = formatSpread(resultOf(row, goal), unit);
      const column = COLUMNS[goal.column] ?? goal.column;
      return [row.what, column, result, show(wanted), show(goal.moonshot), verdictOf(row, goal)];
    }),
  );
  return lines.length === 0 ? undefined : markdown([["goals", "of", "measured", "goal", "moonshot", ""], ...lines]);
}

/** Aligned for reading in a terminal. */
function markdown(cells: readonly (readonly string[])[]): string {
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head = [], ...rest] = cells;
  return [line(head), rule, ...rest.map(line)].join("\n");
}

function formatSpread({ median, lower, upper }: Spread, unit: string): string {
  if (Number.isNaN(median)) return "–";
  const middle = formatValue(median, unit);
  if (lower === upper) return middle;
  return `${middle} (${formatValue(lower, unit, false)}–${formatValue(upper, unit, false)})`;
}

function formatValue(value: number, unit: string, named = true): string {
  const digits = unit === "s" || unit.startsWith("×") ? 2 : value < 20 && unit === "ms" ? 1 : 0;
  return `${value.toFixed(digits)} ${named ? unit : ""}`.trimEnd();
}

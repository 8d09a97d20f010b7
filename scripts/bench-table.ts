/** The limit of berth's cost: a factor of another column, or a fixed limit in the row's unit. */
export type Budget = { readonly of: Column; readonly factor: number } | { readonly limit: number };

export type Column = "trivial" | "runc" | "podman" | "berth";

export interface Row {
  readonly what: string;
  /** "" for a number of things. */
  readonly unit: "ms" | "s" | "kB" | "";
  /** Medians; a column that was not measured is left out or NaN. */
  readonly values: Readonly<Partial<Record<Column, number>>>;
  readonly budget?: Budget;
}

const COLUMNS: readonly (readonly [Column, string])[] = [
  ["trivial", "trivial unit"],
  ["runc", "bare runc"],
  ["podman", "podman quadlet"],
  ["berth", "berth"],
];

/** The middle value, or the mean of the middle two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The limit that a row's budget comes to, in its unit; undefined when the column it is relative to was not measured.
 */
export function budgetLimit(row: Row): number | undefined {
  if (row.budget === undefined) return undefined;
  if ("limit" in row.budget) return row.budget.limit;
  const base = row.values[row.budget.of];
  return base === undefined || Number.isNaN(base) ? undefined : base * row.budget.factor;
}

/** A Markdown table, aligned for reading in a terminal. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ["what (medians)", ...COLUMNS.map(([, title]) => title), "budget", ""],
    ...rows.map((row) => {
      const berth = row.values.berth ?? Number.NaN;
      const limit = budgetLimit(row);
      const verdict = limit === undefined || Number.isNaN(berth) ? "" : berth <= limit ? "met" : "MISSED";
      const measured = COLUMNS.map(([column]) => formatValue(row.values[column], row.unit));
      return [row.what, ...measured, limit === undefined ? "" : `≤ ${formatValue(limit, row.unit)}`, verdict];
    }),
  ];
  const widths = (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join("\n");
}

function formatValue(value: number | undefined, unit: Row["unit"]): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return `${unit === "s" ? value.toFixed(2) : value.toFixed(value < 20 && unit === "ms" ? 1 : 0)} ${unit}`.trimEnd();
}

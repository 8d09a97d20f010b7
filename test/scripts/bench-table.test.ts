import { expect, test } from "bun:test";
import { budgetLimit, formatTable, median, type Row } from "../../scripts/bench-table.ts";

test("the median is the middle, or the mean of the middle two", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a budget is a limit, or a factor of a column that was measured", () => {
  const row: Row = {
    what: "start",
    unit: "ms",
    values: { runc: 60, podman: Number.NaN },
    budget: { of: "runc", factor: 1.25 },
  };
  expect(budgetLimit(row)).toBe(75);
  expect(budgetLimit({ ...row, budget: { of: "podman", factor: 0.5 } })).toBeUndefined();
  expect(budgetLimit({ ...row, budget: { of: "trivial", factor: 2 } })).toBeUndefined();
  expect(budgetLimit({ ...row, budget: { limit: 0 } })).toBe(0);
});

test("a budget is met up to its limit, and undecided without a measurement", () => {
  const row: Row = { what: "start", unit: "ms", values: { berth: 50 }, budget: { limit: 50 } };
  expect(formatTable([row])).toContain("| met |");
  expect(formatTable([{ ...row, values: { berth: 50.1 } }])).toContain("| MISSED |");
  expect(formatTable([{ ...row, values: { berth: Number.NaN } }])).not.toMatch(/met|MISSED/);
});

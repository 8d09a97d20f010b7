import { expect, test } from "bun:test";
import { inRounds } from "../../scripts/bench/rounds.ts";
import {
  formatGoals,
  formatRows,
  type Goal,
  type Row,
  resultOf,
  spreadOf,
  verdictOf,
} from "../../scripts/bench/table.ts";

test("the median is the middle, or the mean of the middle two, and failed rounds do not count", () => {
  expect(spreadOf([9, 1, 5])).toEqual({ median: 5, lower: 3, upper: 7 });
  expect(spreadOf([4, 1, Number.NaN, 3, 2]).median).toBe(2.5);
  expect(spreadOf([]).median).toBeNaN();
});

test("a ratio is that of each round, not that of the medians", () => {
  const rounds = { berth: [10, 40, 100], podman: [20, 100, 125] };
  const goal: Goal = { column: "berth", of: "podman", factor: 0.5 };
  expect(resultOf({ what: "pull", unit: "s", rounds }, goal).median).toBe(0.5);
});

test("a goal is met up to its limit, and undecided without a measurement", () => {
  const of = (value: number): Row => ({ what: "start", unit: "ms", rounds: { berth: [value] } });
  const goal: Goal = { column: "berth", limit: 60, moonshot: 50 };
  expect([50, 60, 60.1, Number.NaN].map((value) => verdictOf(of(value), goal))).toEqual([
    "moonshot",
    "met",
    "MISSED",
    "",
  ]);
  expect(verdictOf(of(1), { column: "berth", of: "podman", factor: 1 })).toBe("");
});

test("tables have the columns that were measured, and the goals of their rows", () => {
  const goals: readonly Goal[] = [{ column: "berth-crun", of: "bare-runc", factor: 0.86 }];
  const row: Row = { what: "start", unit: "ms", rounds: { "berth-crun": [80, 90], "bare-runc": [100, 100] }, goals };
  expect(formatRows([row])).toBe(
    [
      "| medians (half of the rounds) | bare runc |   berth, crun |",
      "|------------------------------|----------:|--------------:|",
      "| start                        |    100 ms | 85 ms (83–88) |",
    ].join("\n"),
  );
  expect(formatGoals([row])).toContain("0.85 × bare runc (0.83–0.88)");
  expect(formatGoals([row])).toContain("| met |");
  expect(formatGoals([{ ...row, goals: [] }])).toBeUndefined();
});

test("columns are measured in turn, and one that fails leaves the others alone", async () => {
  const order: string[] = [];
  const exitCode = process.exitCode;
  const rounds = await inRounds(2, ["a", "b"], ["wall"], async (column) => {
    order.push(column);
    if (column === "b" && order.length > 3) throw new Error("it did not start");
    return { wall: order.length };
  });
  process.exitCode = exitCode ?? 0;
  expect(order).toEqual(["a", "b", "a", "b", "a"]);
  expect(rounds.wall).toEqual({ a: [3, 5], b: [Number.NaN, Number.NaN] });
});

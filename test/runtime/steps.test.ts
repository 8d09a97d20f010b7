import { describe, expect, test } from "bun:test";
import { START_STEPS } from "../../src/runtime/container/start-steps.ts";
import { runSteps, type Step } from "../../src/runtime/steps.ts";

/** Steps that write down what is done with them. */
function recorded(failing?: string, undoFailing?: string): { steps: Step<string[]>[]; done: string[] } {
  const done: string[] = [];
  const step = (name: string): Step<string[]> => ({
    name,
    async make(log) {
      log.push(`make ${name}`);
      if (name === failing) throw new Error(`${name} failed`);
    },
    async undo(log) {
      log.push(`undo ${name}`);
      if (name === undoFailing) throw new Error(`undoing ${name} failed`);
    },
  });
  return { steps: ["a", "b", "c", "d"].map(step), done };
}

describe("steps", () => {
  test("are made in order, and stay", async () => {
    const { steps, done } = recorded();
    await runSteps(steps, done);
    expect(done).toEqual(["make a", "make b", "make c", "make d"]);
  });

  test("are undone from the one that failed back to the first, and the error is the original one", async () => {
    const { steps, done } = recorded("c");
    await expect(runSteps(steps, done)).rejects.toThrow("c failed");
    expect(done).toEqual(["make a", "make b", "make c", "undo c", "undo b", "undo a"]);
  });

  test("are all undone even if that fails for one, which is not reported", async () => {
    const { steps, done } = recorded("d", "c");
    await expect(runSteps(steps, done)).rejects.toThrow("d failed");
    expect(done.slice(-4)).toEqual(["undo d", "undo c", "undo b", "undo a"]);
  });

  test("may do their work at once, and may have nothing to undo", async () => {
    const done: string[] = [];
    const steps: Step<string[]>[] = [
      { name: "a", make: (log) => void log.push("a") },
      {
        name: "b",
        make: () => {
          throw new Error("b failed");
        },
      },
    ];
    await expect(runSteps(steps, done)).rejects.toThrow("b failed");
    expect(done).toEqual(["a"]);
  });
});

describe("the steps of a start", () => {
  const names = START_STEPS.map(({ name }) => name);

  test("have a name each", () => {
    expect(new Set(names).size).toBe(names.length);
  });

  test("begin to connect the network before the bundle takes its time, and seal the login uid after both", () => {
    expect(names.indexOf("claim")).toBeLessThan(names.indexOf("claim-name"));
    expect(names.indexOf("open-user-namespace")).toBeLessThan(names.indexOf("open-network"));
    expect(names.indexOf("open-network")).toBeLessThan(names.indexOf("make-bundle"));
    expect(names.indexOf("make-bundle")).toBeLessThan(names.indexOf("seal"));
    expect(names.at(-1)).toBe("start-container");
  });

  test("are undone by waiting for the network first, then by taking all away", () => {
    const undone = START_STEPS.filter(({ undo }) => undo !== undefined).map(({ name }) => name);
    expect(undone.reverse()).toEqual(["open-network", "claim"]);
  });
});

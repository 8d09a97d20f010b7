import { expect, test } from "bun:test";
import { attemptEach } from "../../src/runtime/attempt-each.ts";

test("the work goes on after a failure, and the first one is reported", async () => {
  const done: number[] = [];
  const work = async (item: number) => {
    if (item < 3) throw new Error(`no ${item}`);
    done.push(item);
  };
  await expect(attemptEach([4, 1, 2, 5], work)).rejects.toThrow("no 1");
  expect(done).toEqual([4, 5]);
  await attemptEach([], work);
});

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { errnoName, isErrno, isMissing, isTaken, SystemError } from "../../src/system/error.ts";

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("the errno name of node:fs and of src/system is the same thing", () => {
  const missing = thrown(() => readFileSync("/nonexistent"));
  expect(errnoName(missing)).toBe("ENOENT");
  expect(isMissing(missing)).toBe(true);
  expect(isErrno(missing, "ENOTDIR", "ENOENT")).toBe(true);
  const own = new SystemError("syscall", "mount a on b: EEXIST", { errno: "EEXIST" });
  expect(errnoName(own)).toBe("EEXIST");
  expect(isTaken(own)).toBe(true);
  expect(isErrno(own, "ENOENT")).toBe(false);
});

test("a process that does not exist is ESRCH", () => {
  expect(errnoName(thrown(() => process.kill(2 ** 30, 0)))).toBe("ESRCH");
});

test("what is no system call's failure has no errno name", () => {
  for (const error of [
    new Error("x"),
    Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" }),
    Object.assign(new Error("x"), { code: 2 }),
    new SystemError("missing-program", "runc is not installed"),
    { code: "ENOENT" },
    undefined,
  ]) {
    expect(errnoName(error)).toBeUndefined();
    expect(isMissing(error)).toBe(false);
    expect(isErrno(error)).toBe(false);
  }
});

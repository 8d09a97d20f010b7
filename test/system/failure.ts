import { SystemError } from "../../src/system/error.ts";

/** The error that a call fails with. */
export function failure(work: () => unknown): SystemError {
  try {
    work();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

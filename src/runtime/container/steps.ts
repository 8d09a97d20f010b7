/** One thing that has to be done of a longer work on a value, and how it is taken back. */
export interface Step<T> {
  readonly name: string;
  make(value: T): void | Promise<void>;
  /**
   * Takes back what make() has done, or has begun before it failed. Absent where that goes with this process, or with
   * another step's undo.
   */
  undo?(value: T): void | Promise<void>;
}

/**
 * Makes the steps, one after another. When one fails, it and those before it are undone, the last one first; what fails
 * in that is not reported, but the original error.
 */
export async function runSteps<T>(steps: readonly Step<T>[], value: T): Promise<void> {
  const begun: Step<T>[] = [];
  try {
    for (const step of steps) {
      begun.unshift(step);
      await step.make(value);
    }
  } catch (error) {
    for (const step of begun) await undo(step, value);
    throw error;
  }
}

async function undo<T>(step: Step<T>, value: T): Promise<void> {
  try {
    await step.undo?.(value);
  } catch {
    // The next cleanup finds what is left.
  }
}

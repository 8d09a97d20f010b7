/** One step of a longer work on a value, and how to undo it. */
export interface Step<T> {
  readonly name: string;
  make(value: T): void | Promise<void>;
  /**
   * Undoes what make() did, or began to do before it failed. Absent if the result ends with this process, or if another
   * step's undo removes it.
   */
  undo?(value: T): void | Promise<void>;
}

/**
 * Makes the steps, one after another. If one fails, it and those before it are undone, the last one first. Rejects with
 * the original error, not with those of undoing.
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
    // The next cleanup of stale containers finds the rest.
  }
}

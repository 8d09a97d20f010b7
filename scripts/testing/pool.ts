/** Something to be run once the jobs that it needs have ended. */
export interface Job {
  readonly name: string;
  readonly needs?: readonly string[];
  /** Of jobs with the same word, one runs at a time. */
  readonly alone?: string;
  run(): Promise<void>;
}

/**
 * Runs all jobs, as many at a time as there are workers; of those that can run, the most urgent one starts first.
 * `run` may not throw: a job that failed still counts as ended.
 */
export async function runPool<T extends Job>(
  jobs: readonly T[],
  workers: number,
  urgency: (job: T, waiting: readonly T[]) => number,
): Promise<void> {
  const waiting = [...jobs];
  const running = new Map<T, Promise<void>>();
  const isOpen = (name: string) => [...waiting, ...running.keys()].some((job) => job.name === name);
  const canStart = ({ needs = [], alone }: T) =>
    !needs.some(isOpen) && (alone === undefined || ![...running.keys()].some((other) => other.alone === alone));
  for (;;) {
    while (running.size < workers) {
      const ready = waiting.filter(canStart);
      const next = ready.toSorted((a, b) => urgency(b, waiting) - urgency(a, waiting))[0];
      if (next === undefined) break;
      waiting.splice(waiting.indexOf(next), 1);
      running.set(
        next,
        next.run().finally(() => running.delete(next)),
      );
    }
    if (running.size === 0) {
      if (waiting.length > 0)
        throw new Error(`these jobs wait for each other: ${waiting.map(({ name }) => name).join(", ")}`);
      return;
    }
    await Promise.race(running.values());
  }
}

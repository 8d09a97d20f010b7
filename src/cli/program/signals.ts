/**
 * Runs `work` with an AbortSignal that fires on SIGINT, SIGTERM and SIGHUP, so that it can stop and clean up. A second
 * signal ends the process at once; the next process cleans up after it.
 */
export async function cancelOnSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const cancel = (name: NodeJS.Signals): void => {
    forget();
    stop.abort(new Error(name));
  };
  const forget = (): void => {
    for (const name of names) process.off(name, cancel);
  };
  for (const name of names) process.on(name, cancel);
  try {
    return await work(stop.signal);
  } finally {
    forget();
  }
}

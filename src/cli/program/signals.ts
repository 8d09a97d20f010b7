import { constants } from "node:os";
import { CommandError } from "./command.ts";

/** What a shell adds to the number of the signal that ended a program. */
export const SIGNAL_EXIT_CODE = 128;

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Signals that ask this process to end, as long as they are watched. */
export interface WatchedSignals {
  /** Fires on the first of them. A second one ends the process at once; the next process cleans up after it. */
  readonly signal: AbortSignal;
  /** The error to report: after a signal one with a shell's exit code, else `error` itself. */
  explain(error: unknown): unknown;
  forget(): void;
}

/** Watches SIGINT, SIGTERM and SIGHUP, so that work that they end can clean up. */
export function watchSignals(): WatchedSignals {
  const stop = new AbortController();
  let ended: (typeof ENDING)[number] | undefined;
  // It stays after the first signal: libraries that wait for a child would end the process where nobody else listens.
  const cancel = (name: NodeJS.Signals): void => {
    if (ended !== undefined) process.exit(SIGNAL_EXIT_CODE + constants.signals[name]);
    ended = ENDING.find((known) => known === name);
    stop.abort(new Error(name));
  };
  const forget = (): void => {
    for (const name of ENDING) process.off(name, cancel);
  };
  for (const name of ENDING) process.on(name, cancel);
  const explain = (error: unknown): unknown => {
    if (ended === undefined) return error;
    const exitCode = SIGNAL_EXIT_CODE + constants.signals[ended];
    return new CommandError(`interrupted by ${ended}; layers that were complete are kept`, exitCode);
  };
  return { signal: stop.signal, explain, forget };
}

/** Runs `work` with an AbortSignal that fires on a signal that asks this process to end. Throws CommandError then. */
export async function cancelOnSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const watched = watchSignals();
  try {
    return await work(watched.signal);
  } catch (error) {
    throw watched.explain(error);
  } finally {
    watched.forget();
  }
}

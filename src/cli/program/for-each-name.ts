import { BerthError } from "../../error.ts";
import { CommandError } from "./command.ts";
import { describeFailure } from "./failure.ts";

/** Exit codes by the code of what failed; any other is 125. */
export type ExitCodes = Readonly<Record<string, number>>;

/**
 * What podman's commands exit with (podman-network-rm(1), podman-volume-rm(1)): something in use is 2 for all of them.
 */
export const USUAL_EXIT_CODES: ExitCodes = { "network-in-use": 2, "volume-in-use": 2 };

/** Where removal is asked for, something that is not there is 1. */
export const REMOVAL_EXIT_CODES: ExitCodes = { ...USUAL_EXIT_CODES, "no-such-network": 1, "no-such-volume": 1 };

/** Runs `work` for each name, also after one that failed, and then fails as the first of them. */
export async function forEachName(
  names: readonly string[],
  exitCodes: ExitCodes,
  work: (name: string) => void | Promise<void>,
): Promise<void> {
  const failed: { message: string; exitCode: number }[] = [];
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      const exitCode = exitCodeOf(error, exitCodes);
      if (exitCode === undefined) throw error;
      failed.push({ message: describeFailure(error), exitCode });
    }
  }
  const [first] = failed;
  if (first !== undefined) throw new CommandError(failed.map(({ message }) => message).join("; "), first.exitCode);
}

function exitCodeOf(error: unknown, exitCodes: ExitCodes): number | undefined {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof BerthError ? (exitCodes[error.code] ?? 125) : undefined;
}

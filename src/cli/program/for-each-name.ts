import { BerthError } from "../../error.ts";
import { CommandError } from "./command.ts";
import { describeFailure } from "./failure.ts";

/** Exit codes by the error's code; all others exit with 125. */
export type ExitCodes = Readonly<Record<string, number>>;

/**
 * Exit codes of podman's commands (podman-network-rm(1), podman-volume-rm(1)): 2 for an object in use.
 */
export const USUAL_EXIT_CODES: ExitCodes = { "network-in-use": 2, "volume-in-use": 2 };

/** Exit codes of removal: 1 for an object that does not exist. */
export const REMOVAL_EXIT_CODES: ExitCodes = { ...USUAL_EXIT_CODES, "no-such-network": 1, "no-such-volume": 1 };

/** Runs `work` for every name, also after a failure, and then throws the first error. */
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

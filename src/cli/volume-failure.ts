import { RuntimeError } from "../runtime/error.ts";
import { CommandError } from "./command.ts";

/** podman-volume-rm(1): a volume that is not there is 1 for that command alone, and one that is in use. */
export const REMOVAL_EXIT_CODES: Readonly<Record<string, number>> = { "no-such-volume": 1, "volume-in-use": 2 };
const USUAL_EXIT_CODES: Readonly<Record<string, number>> = { "volume-in-use": 2 };

/** Runs `work` for each name, also after one that failed, and then fails as the first of them. */
export async function forEachVolume(
  names: readonly string[],
  work: (name: string) => void | Promise<void>,
  exitCodes = USUAL_EXIT_CODES,
): Promise<void> {
  const failed: { message: string; exitCode: number }[] = [];
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
      failed.push({ message: error.message + cause, exitCode: exitCodes[error.code] ?? 125 });
    }
  }
  const [first] = failed;
  if (first !== undefined) throw new CommandError(failed.map(({ message }) => message).join("; "), first.exitCode);
}

import { RuntimeError } from "../runtime/error.ts";
import { CommandError } from "./command.ts";

/** podman-network-rm(1): a network that is not there is 1 for that command alone, and one that is in use. */
export const REMOVAL_EXIT_CODES: Readonly<Record<string, number>> = { "no-such-network": 1, "network-in-use": 2 };
const USUAL_EXIT_CODES: Readonly<Record<string, number>> = { "network-in-use": 2 };

/** Runs `work` for each name, also after one that failed, and then fails as the first of them. */
export async function forEachNetwork(
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
      failed.push({ message: error.message, exitCode: exitCodes[error.code] ?? 125 });
    }
  }
  const [first] = failed;
  if (first !== undefined) throw new CommandError(failed.map(({ message }) => message).join("; "), first.exitCode);
}

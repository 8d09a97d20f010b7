import { RuntimeError } from "../runtime/error.ts";
import { CommandError } from "./command.ts";

/** podman-network-rm(1): a network that is not there, and one that is in use. */
const EXIT_CODES: Readonly<Record<string, number>> = { "no-such-network": 1, "network-in-use": 2 };

/** Runs `work` for each name, also after one that failed, and then fails as the first of them. */
export async function forEachNetwork(
  names: readonly string[],
  work: (name: string) => void | Promise<void>,
): Promise<void> {
  const failed: { message: string; exitCode: number }[] = [];
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      failed.push({ message: error.message, exitCode: EXIT_CODES[error.code] ?? 125 });
    }
  }
  const [first] = failed;
  if (first !== undefined) throw new CommandError(failed.map(({ message }) => message).join("; "), first.exitCode);
}

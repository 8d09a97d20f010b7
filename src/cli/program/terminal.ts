import { CommandError } from "./command.ts";

/** For `--tty`: the OCI runtime takes the caller's terminal, and its message is of no help if there is none. */
export async function requireTerminal(): Promise<void> {
  // Loaded on demand: most containers have no terminal, and loading it would delay their start.
  const { isatty } = await import("node:tty");
  if (!isatty(0)) throw new CommandError("--tty needs a terminal as standard input: leave it out", 125);
}

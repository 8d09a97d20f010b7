import type { SystemdManager } from "../../runtime/systemd/systemd.ts";
import { plainText } from "../output/plain-text.ts";
import type { CommandContext } from "./command.ts";

/** How long something may take before a person wonders, and how often to look again: milliseconds. */
const LOOK_MS = 500;

/**
 * Waits for `work`, and meanwhile shows on a terminal, in one line that goes when it is over, what `say` has to say of
 * it. Nothing is shown in the first half second, nor where there is no terminal.
 */
export async function showWaiting<T>(
  work: Promise<T>,
  say: () => Promise<string | undefined>,
  context: Pick<CommandContext, "err" | "errTerminal">,
): Promise<T> {
  if (context.errTerminal() === undefined) return work;
  let drawn = false;
  let over = false;
  const look = async () => {
    const text = await say().catch(() => undefined);
    if (over || text === undefined || text === "") return;
    drawn = true;
    // The last column stays free, as a terminal may wrap at once when it is used.
    const columns = Math.max(1, (context.errTerminal()?.columns ?? 80) - 1);
    context.err(`\r\x1b[K${plainText(text).slice(0, columns)}`);
  };
  const timer = setInterval(look, LOOK_MS);
  try {
    return await work;
  } finally {
    over = true;
    clearInterval(timer);
    if (drawn) context.err("\r\x1b[K");
  }
}

/** What a service that starts has told systemd of itself: how much of its image has arrived, say. */
export async function startStatus(manager: SystemdManager, unit: string): Promise<string> {
  const { StatusText } = await manager.properties(unit);
  return typeof StatusText === "string" && StatusText !== "" ? StatusText : `Waiting for ${unit} to start`;
}

/** What a service that stops is waited for, and what follows. */
export async function stopStatus(manager: SystemdManager, unit: string): Promise<string> {
  const { SubState, TimeoutStopUSec } = await manager.properties(unit);
  if (String(SubState).startsWith("stop-post")) return `Waiting for the cleanup of ${unit}`;
  const seconds = Number(TimeoutStopUSec) / 1_000_000;
  const then = seconds < 1e9 ? `, SIGKILL follows after ${seconds} s` : "";
  return `Waiting for ${unit} to end${then}`;
}

import { RuntimeError } from "../../runtime/error.ts";
import { plainText } from "../output/plain-text.ts";
import { CommandError } from "./command.ts";

/** A failure in one line: the operation, then its causes down to the first. */
export function describeFailure(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? at.message : String(at));
  }
  return plainText(parts.join(": "));
}

/** As podman's and a shell's: 127 and 126 where the payload's command cannot run, 125 for all other errors. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof RuntimeError)) return 125;
  return error.code === "command-not-found" ? 127 : error.code === "command-not-executable" ? 126 : 125;
}

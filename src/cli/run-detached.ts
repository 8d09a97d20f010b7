import type { RunRequest } from "../runtime/run-request.ts";
import { type CommandContext, CommandError } from "./command.ts";
export async function runAsTransientUnit(
  request: RunRequest,
  args: readonly string[],
  context: CommandContext,
): Promise<void> {
  throw new CommandError(`not there yet ${request.image} ${args.length} ${context.cwd}`, 125);
}

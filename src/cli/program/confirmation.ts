import { plainText } from "../output/plain-text.ts";
import { type CommandContext, CommandError } from "./command.ts";

/**
 * Asks whether to remove `what` (`networks`, `volumes and all data in them`). Throws CommandError where standard input
 * is no terminal.
 */
export async function confirmRemoval(
  what: string,
  names: readonly string[],
  { ask }: Pick<CommandContext, "ask">,
): Promise<boolean> {
  const list = names.map((name) => `  ${plainText(name)}\n`).join("");
  const answer = ask(`These ${what} will be removed:\n${list}Go on? [y/N] `);
  if (answer === undefined) throw new CommandError(`nobody can be asked: give --force to remove ${what}`, 125);
  return /^y(es)?$/i.test((await answer).trim());
}

import { createInterface } from "node:readline/promises";
import { CommandError } from "./command.ts";

/**
 * Names what is to be removed (`networks`, `volumes and all data in them`) and asks. Throws CommandError if there is
 * nobody to ask.
 */
export async function confirmRemoval(what: string, names: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandError(`nobody can be asked: give --force to remove ${what}`, 125);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const list = names.map((name) => `  ${name}\n`).join("");
    const answer = await asked.question(`These ${what} will be removed:\n${list}Go on? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asked.close();
  }
}

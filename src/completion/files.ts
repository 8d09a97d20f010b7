import type { CommandTable } from "../cli/program/command-table.ts";
import { describeCommands } from "../cli/program/described-command.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { completionWords } from "./values.ts";
import { zshCompletion } from "./zsh.ts";

/** A shell's completion, and its path below the installation's share/. */
export interface CompletionFile {
  readonly path: string;
  readonly text: string;
}

/** Completion for bash, zsh and fish, made from the tables of commands and options. */
export async function completionFiles(table: CommandTable): Promise<CompletionFile[]> {
  const commands = await describeCommands(table);
  const words = completionWords(commands, table.groups);
  return [
    { path: "bash-completion/completions/berth", text: bashCompletion(commands, words) },
    { path: "zsh/site-functions/_berth", text: zshCompletion(commands, words) },
    { path: "fish/vendor_completions.d/berth.fish", text: fishCompletion(commands, words) },
  ];
}

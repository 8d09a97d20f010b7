import type { Command } from "commander";
import { execInContainer } from "../../runtime/container/exec.ts";
import { enterContainerNamespace } from "../../runtime/user-namespace/enter.ts";
import { findContainer } from "../../state/find-container.ts";
import { emptyInput } from "../../system/standard-input.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { requireTerminal } from "../program/terminal.ts";

interface ExecOptions {
  env?: string[];
  interactive?: boolean;
  tty?: boolean;
  user?: string;
  workdir?: string;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Run another command in a running container.",
  details: [
    "Standard input reaches the command with `--interactive` alone, or with a terminal. The command joins the container's namespaces, capabilities and seccomp filter, and is a child of the calling shell: the audit login uid of whoever calls it is kept.",
  ],
  examples: [
    { command: "berth exec -it web sh", help: "A shell in the container of web.service, or of the name web." },
  ],
};

/** `berth exec`: another command in a running container. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<container>", "name, service or ID")
    .argument("<command...>", "the command and its arguments")
    .passThroughOptions()
    .option("-e, --env <NAME=VALUE>", "set a variable", (value: string, before: string[] = []) => [...before, value])
    .option("-i, --interactive", "hand standard input on")
    .option("-t, --tty", "allocate a terminal")
    .option("-u, --user <user[:group]>", "user inside the container")
    .option("-w, --workdir <dir>", "working directory inside the container")
    .action(async (container: string, words: string[], options: ExecOptions) => {
      if (options.tty) await requireTerminal();
      else if (!options.interactive) emptyInput();
      const record = findContainer(context.scope, container);
      enterContainerNamespace(context, record);
      execInContainer(
        context.scope,
        record,
        {
          args: words,
          env: (options.env ?? []).flatMap((text) => assignment(text, context)),
          user: options.user,
          workdir: options.workdir,
          tty: options.tty === true,
        },
        context.env,
      );
    });
}

/** The assignment that `NAME=VALUE` or `NAME` asks for; `NAME` passes on the caller's value, if there is one. */
function assignment(text: string, context: CommandContext): string[] {
  if (text.includes("=")) return [text];
  const value = context.env[text];
  return value === undefined ? [] : [`${text}=${value}`];
}

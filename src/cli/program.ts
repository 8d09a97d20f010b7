import { userInfo } from "node:os";
import { Command, CommanderError } from "commander";
import { RuntimeError } from "../runtime/error.ts";
import { userNamespaceOwner } from "../runtime/user-namespace.ts";
import { systemScope, userScope } from "../scope.ts";
import type { CommandContext } from "./command.ts";
import { CommandError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { exampleText, HELP_LAYOUT, plainText } from "./help.ts";
import { VERSION } from "./version.ts";

/** Everything the commands may know of the process they run in. */
function processContext(): CommandContext {
  // Inside a user namespace of berth's making uid 0 is that user, not root.
  const uid = userNamespaceOwner(process.env) ?? process.getuid?.() ?? 0;
  return {
    scope: uid === 0 ? systemScope() : userScope(uid, process.env, userInfo().homedir),
    env: process.env,
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    errIsTerminal: process.stderr.isTTY === true,
  };
}

/** One line a level: what was being done, then why it failed, down to the first cause. */
function describe(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined) {
    parts.push(at instanceof Error ? at.message : String(at));
  }
  return parts.join(": ");
}

/** As podman and a shell have it: 127 and 126 where the payload's own command is at fault, 125 for everything else. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof RuntimeError)) return 125;
  return error.code === "command-not-found" ? 127 : error.code === "command-not-executable" ? 126 : 125;
}

/** Runs the command of the process's arguments, and sets its exit code. Never throws: a failure is told on stderr. */
export async function runProgram(): Promise<void> {
  try {
    await runCommand(process.argv.slice(2), processContext());
  } catch (error) {
    process.stderr.write(`berth: error: ${describe(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

async function runCommand(argv: readonly string[], context: CommandContext): Promise<void> {
  const program = new Command("berth")
    .description("Run containers the way systemd runs everything else.")
    .version(`berth ${VERSION}`, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "Show the help of a command")
    .addHelpText("after", "\nExample:\n  berth run --help\n\nManual pages: berth(1), berth-COMMAND(1), berth.unit(5)")
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureHelp(HELP_LAYOUT)
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  const wanted = (argv[0] === "help" ? argv[1] : argv[0]) ?? "";
  for (const entry of COMMANDS) {
    const command = program.command(entry.name, entry.hidden ? { hidden: true } : {}).summary(entry.summary);
    // Only the command that is asked for is loaded: start-up time is part of every container's start.
    if (entry.name !== wanted) continue;
    const { manual, define } = await entry.load();
    command.helpOption("-h, --help", "show this help");
    if (manual !== undefined)
      command.description(plainText(manual.description)).addHelpText("after", exampleText(manual).trimEnd());
    define(command, context);
  }
  const known = wanted === "" || wanted.startsWith("-") || COMMANDS.some(({ name }) => name === wanted);
  if (!known && wanted !== "help") {
    const { unknownCommand } = await import("./usage-error.ts");
    throw unknownCommand(
      wanted,
      COMMANDS.filter(({ hidden }) => !hidden).map(({ name }) => name),
    );
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const { usageError, USAGE_EXIT_CODE } = await import("./usage-error.ts");
    // Help and the version have been shown by now. Help that nobody asked for means that something is missing.
    if (error.code === "commander.help") process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    else if (error.exitCode !== 0) throw usageError(error, wanted.startsWith("-") ? "" : wanted);
  }
}

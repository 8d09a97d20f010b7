import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { exampleText, HELP_LAYOUT, plainText } from "./help.ts";
import { VERSION } from "./version.ts";

/** Runs the command of an argument list, read by commander. Throws CommandError for a command line that it cannot read. */
export async function runCommand(argv: readonly string[], context: CommandContext): Promise<void> {
  const program = new Command("berth")
    .description("Run containers the way systemd runs everything else.")
    .version(`berth ${VERSION}`, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "Show the help of a command")
    .addHelpText("after", "\nExample:\n  berth run --help\n\nManual pages: berth(1), berth-COMMAND(1), berth.unit(5)")
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureHelp(HELP_LAYOUT)
    .configureOutput({ writeOut: context.out, writeErr: context.err, outputError: () => {} })
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

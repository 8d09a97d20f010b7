import { Command, CommanderError } from "commander";
import { plainBooleans } from "./program/boolean-options.ts";
import { type CommandContext, CommandError } from "./program/command.ts";
import { type CommandTable, commandNames } from "./program/command-table.ts";
import { exampleText, HELP_LAYOUT, plainText } from "./program/help.ts";
import { isServiceCommand } from "./program/service-command.ts";
import { refuseUnexpandedOptions } from "./program/unexpanded-options.ts";
import { VERSION } from "./program/version.ts";

/**
 * Runs the command that the arguments name, by commander. Throws CommandError for a wrong command line.
 */
export async function runCommand(argv: readonly string[], table: CommandTable, context: CommandContext): Promise<void> {
  const asksForHelp = argv[0] === "help" && argv.length > 1;
  const said = commandName(asksForHelp ? argv.slice(1) : argv, table);
  const wanted = table.commands.find((entry) => commandNames(entry).includes(said))?.name ?? said;
  const program = emptyProgram(context);
  const called = addCommands(program, table, wanted);
  // Load the called command only: start-up time is part of every container's start.
  const line = called === undefined ? argv : await defineCalled(called, argv, table, context);
  if (called === undefined && !needsNoCommand(wanted, table)) {
    const { unknownCommand } = await import("./program/usage-error.ts");
    throw unknownCommand(wanted, namesBeside(wanted, table));
  }
  try {
    await program.parseAsync(asksForHelp ? [...wanted.split(" "), "--help"] : [...line], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    await endByCommander(error, wanted);
  }
}

/** Commander has printed help or the version, or it refuses the command line. Throws CommandError for that. */
async function endByCommander(error: CommanderError, wanted: string): Promise<void> {
  const { usageError, USAGE_EXIT_CODE } = await import("./program/usage-error.ts");
  // Help that was not requested means an incomplete command line.
  if (error.code === "commander.help") process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
  else if (error.exitCode !== 0) throw usageError(error, wanted.startsWith("-") ? "" : wanted);
}

function emptyProgram(context: CommandContext): Command {
  return new Command("berth")
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
}

interface CalledCommand {
  readonly command: Command;
  readonly entry: CommandTable["commands"][number];
}

/** Adds the groups and commands by name and summary. Returns the command called `wanted`, if there is one. */
function addCommands(program: Command, table: CommandTable, wanted: string): CalledCommand | undefined {
  const groups = new Map<string, Command>();
  for (const { name, summary } of table.groups) {
    const group = program.command(name).summary(summary).description(`${summary}.`).helpCommand(false);
    groups.set(name, group.helpOption("-h, --help", "show this help"));
  }
  let called: CalledCommand | undefined;
  for (const entry of table.commands) {
    const [first = "", second] = entry.name.split(" ");
    const parent = second === undefined ? program : (groups.get(first) ?? program);
    const command = parent.command(second ?? first, entry.hidden ? { hidden: true } : {}).summary(entry.summary);
    command.aliases(entry.aliases ?? []);
    if (entry.name === wanted) called = { command, entry };
  }
  return called;
}

/** Loads a command and gives it its help and options. Returns the command line in the form that commander takes. */
async function defineCalled(
  { command, entry }: CalledCommand,
  argv: readonly string[],
  table: CommandTable,
  context: CommandContext,
): Promise<readonly string[]> {
  const { manual, define } = await entry.load();
  command.helpOption("-h, --help", "show this help");
  if (manual !== undefined)
    command.description(plainText(manual.description)).addHelpText("after", exampleText(manual).trimEnd());
  define(command, context, table);
  if (!entry.hidden) refuseEmptyNames(command);
  // systemd has expanded the words of a unit: a %i that is left was %%i.
  if (!isServiceCommand(context.env)) refuseUnexpandedOptions(command);
  return entry.runsCommand ? argv : plainBooleans(argv, command);
}

/**
 * Has a command refuse an empty name: it comes of a variable that nobody has set. What follows a container's name, the
 * words of a command to run, may be empty.
 */
function refuseEmptyNames(command: Command): void {
  command.hook("preAction", () => {
    const [first, second] = command.registeredArguments;
    if (first === undefined) return;
    const names = first.variadic || second === undefined || !second.variadic ? command.args : command.args.slice(0, 1);
    if (names.includes("")) throw new CommandError(`an empty ${first.name().toUpperCase()} is none`, 125);
  });
}

/** Whether commander itself answers: without a command, for help, for an option, for a group. */
function needsNoCommand(wanted: string, { groups }: CommandTable): boolean {
  return ["", "help"].includes(wanted) || wanted.startsWith("-") || groups.some(({ name }) => name === wanted);
}

/** The name that the command line begins with: a command's, of one word or two, or a group's. */
function commandName([first = "", second = ""]: readonly string[], { groups }: CommandTable): string {
  const grouped = groups.some(({ name }) => name === first) && second !== "" && !second.startsWith("-");
  return grouped ? `${first} ${second}` : first;
}

/** The candidates for a misspelt command: those of its group, or all commands of one word. */
function namesBeside(wanted: string, { groups, commands }: CommandTable): string[] {
  const [group, inGroup] = wanted.split(" ");
  const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  if (inGroup !== undefined) return names.filter((name) => name.startsWith(`${group} `));
  return [...names.filter((name) => !name.includes(" ")), ...groups.map(({ name }) => name)];
}

import { basename, dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { fileTypeOf } from "../generator/file-type.ts";
import { generate } from "../generator/generate.ts";
import { berthPath } from "../generator/main.ts";
import { findSources, readSource, searchDirectories } from "../generator/search.ts";
import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";

interface Options {
  readonly user?: boolean;
  readonly format: string;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Check container files, and those for images, networks, pods and volumes, for errors.",
  details: [
    "Every problem is shown as file:line:column, with a hint where there is one. It ends with 1 if there is an error; warnings alone do not count. The files need not be installed.",
  ],
  examples: [
    { command: "berth check web.container db.container", help: "Check two files." },
    { command: "berth check --format json /etc/containers/systemd/*.container", help: "The same for programs." },
  ],
};

/** `berth check`: what is wrong with Quadlet files, without writing anything. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<file...>", "Quadlet files, installed or not")
    .option("--user", "for a user's manager")
    .addOption(new Option("--format <format>", "how to print").choices(["text", "json"]).default("text"))
    .action((files: string[], options: Options) => check(files, options, context));
}

function check(files: readonly string[], { user, format }: Options, context: CommandContext): void {
  const scope = user === true ? "user" : context.scope.kind;
  const stranger = files.find((file) => fileTypeOf(basename(file)) === undefined);
  if (stranger !== undefined)
    throw new CommandError(`${stranger} is not a Quadlet file: its name has to end in .container or its like`, 125);
  const given = files.map((file) => readSource(resolve(context.cwd, file), file));
  const { directories } = searchDirectories({ scope, uid: context.scope.uid, env: context.env });
  // The files may refer to those beside them, and to those that are installed.
  const beside = given.map(({ path }) => ({ path: dirname(path) }));
  const names = new Set(given.map(({ name }) => name));
  const others = findSources([...beside, ...directories]).filter(({ name }) => !names.has(name));
  const shown = new Set(
    given.flatMap((source) => [source.shownPath, ...source.dropIns.map(({ shownPath }) => shownPath)]),
  );
  const { diagnostics } = generate([...given, ...others], { scope, berth: berthPath(process.execPath) });
  const own = diagnostics.filter(({ path }) => shown.has(path));
  if (format === "json") context.out(`${JSON.stringify({ diagnostics: own }, null, 2)}\n`);
  else for (const diagnostic of own) context.out(`${formatDiagnostic(diagnostic)}\n`);
  context.err(`${summary(files.length, own)}\n`);
  if (own.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

function summary(files: number, diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return `${count(files, "file")} checked: ${count(errors, "error")}, ${count(diagnostics.length - errors, "warning")}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

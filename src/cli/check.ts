import { basename, dirname, resolve } from "node:path";
import type { Command } from "commander";
import { fileTypeOf } from "../generator/file-type.ts";
import { generate } from "../generator/generate.ts";
import { berthPath } from "../generator/main.ts";
import { findSources, readSource, searchDirectories } from "../generator/search.ts";
import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { type CommandContext, CommandError } from "./command.ts";
import { checkFormat } from "./generate.ts";

interface Options {
  readonly user?: boolean;
  readonly format: string;
}

/** `berth check`: what is wrong with Quadlet files, without writing anything. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<file...>", "Quadlet files, installed or not")
    .option("--user", "for a user's manager")
    .option("--format <format>", "text or json", "text")
    .addHelpText("after", "\nExample:\n  berth check web.container db.container\n")
    .action((files: string[], options: Options) => check(files, options, context));
}

function check(files: readonly string[], { user, format }: Options, context: CommandContext): void {
  checkFormat(format);
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

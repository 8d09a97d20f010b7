import { resolve } from "node:path";
import type { Command } from "commander";
import { generate as generateUnits } from "../generator/generate.ts";
import { berthPath } from "../generator/main.ts";
import { findSources, searchDirectories } from "../generator/search.ts";
import { formatDiagnostic } from "../unit/diagnostic.ts";
import { type CommandContext, CommandError } from "./command.ts";

interface Options {
  readonly user?: boolean;
  readonly format: string;
}

/** `berth generate`: what the generator would write, on the terminal. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[dir...]", "search these directories instead of those of the system or user")
    .option("--user", "for a user's manager")
    .option("--format <format>", "text or json", "text")
    .addHelpText("after", "\nExample:\n  berth generate /etc/containers/systemd\n")
    .action((directories: string[], options: Options) => generate(directories, options, context));
}

function generate(paths: readonly string[], { user, format }: Options, context: CommandContext): void {
  checkFormat(format);
  const scope = user === true ? "user" : context.scope.kind;
  const env = { ...context.env, ...(paths.length === 0 ? {} : { QUADLET_UNIT_DIRS: undefined }) };
  const searched = searchDirectories({ scope, uid: context.scope.uid, env });
  const directories =
    paths.length === 0 ? searched.directories : paths.map((path) => ({ path: resolve(context.cwd, path) }));
  for (const warning of paths.length === 0 ? searched.warnings : []) context.err(`berth: warning: ${warning}\n`);
  const sources = findSources(directories);
  const generated = generateUnits(sources, { scope, berth: berthPath(process.execPath) });
  if (format === "json") context.out(`${JSON.stringify(generated, null, 2)}\n`);
  else for (const { name, text } of generated.files) context.out(`---${name}---\n${text}\n`);
  for (const diagnostic of generated.diagnostics) context.err(`${formatDiagnostic(diagnostic)}\n`);
  if (sources.length === 0)
    context.err(`berth: no Quadlet files in ${directories.map(({ path }) => path).join(", ")}\n`);
  if (generated.diagnostics.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

/** Throws CommandError for anything but text and json. */
export function checkFormat(format: string): void {
  if (format === "text" || format === "json") return;
  throw new CommandError(`--format ${format}: text or json is meant`, 125);
}

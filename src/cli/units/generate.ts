import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { generateFolders, generateInstalled } from "../../generator/installed.ts";
import { berthPath } from "../../generator/main.ts";
import { formatDiagnostic } from "../../unit/diagnostic.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

interface Options {
  readonly user?: boolean;
  readonly format: string;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show the units that container files and their like make, as the generator would write them.",
  details: [
    "Units go to stdout, errors and warnings to stderr; nothing is written. It ends with 1 if a file has an error.",
  ],
  examples: [
    { command: "berth generate", help: "The units of the installed files." },
    { command: "berth generate /etc/containers/systemd", help: "Those of one folder." },
  ],
};

/** `berth generate`: prints the units that the generator would write. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[dir...]", "search these directories instead of those of the system or user")
    .option("--user", "for a user's manager")
    .addOption(new Option("--format <format>", "how to print").choices(["text", "json"]).default("text"))
    .action((directories: string[], options: Options) => generate(directories, options, context));
}

async function generate(paths: readonly string[], { user, format }: Options, context: CommandContext): Promise<void> {
  const scope = user === true ? "user" : context.scope.kind;
  const options = { scope, uid: context.scope.uid, env: context.env };
  const berth = berthPath(process.execPath);
  const { directories, sources, generated, warnings } =
    paths.length === 0
      ? await generateInstalled(options, berth)
      : await generateFolders(
          paths.map((path) => resolve(context.cwd, path)),
          options,
          berth,
        );
  for (const warning of warnings) context.err(`berth: warning: ${warning}\n`);
  if (format === "json") context.out(`${JSON.stringify(generated, null, 2)}\n`);
  else for (const { name, text } of generated.files) context.out(`---${name}---\n${text}\n`);
  for (const diagnostic of generated.diagnostics) context.err(`${formatDiagnostic(diagnostic)}\n`);
  if (sources.length === 0)
    context.err(`berth: no Quadlet files in ${directories.map(({ path }) => path).join(", ")}\n`);
  if (generated.diagnostics.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Command, Option } from "commander";
import { generate } from "../../generator/generate.ts";
import { berthPath } from "../../generator/main.ts";
import { fileTypeOf } from "../../generator/reading/file-type.ts";
import { findSources, readSource, type SearchDirectory, searchDirectories } from "../../generator/reading/search.ts";
import type { Source } from "../../generator/reading/source.ts";
import { type Diagnostic, formatDiagnostic } from "../../unit/diagnostic.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { verifySections } from "./systemd-verify.ts";
import { warnOfUnknownZones } from "./unknown-zones.ts";

interface Options {
  readonly user?: boolean;
  readonly format: string;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Check container files, and those for images, networks, pods and volumes, for errors.",
  details: [
    "Every problem is shown as file:line:column, with a hint where there is one. It ends with 1 if there is an error; warnings alone do not count. The files need not be installed.",
    "Where systemd-analyze(1) is installed, systemd itself judges the lines of `[Unit]`, `[Service]` and `[Install]`: keys that it does not know, and values that it would drop.",
    "Of a folder all files are checked that the generator would find there, in folders below it as well, with their drop-ins and with what they say of each other. Without an argument the installed files are.",
  ],
  examples: [
    { command: "berth check web.container db.container", help: "Check two files." },
    { command: "berth check units/", help: "Check the files of a folder, before they are installed." },
    { command: "berth check --format json", help: "Check what is installed, for programs." },
  ],
};

/** Names that may have been meant for Quadlet files. */
const NEARLY =
  /\.(?:containers?|pods?|networks?|volumes?|images?|kube|build|service|ya?ml|conf|txt)$|^(?:Container|Docker)file$/i;

/** `berth check`: reports the errors in Quadlet files, and writes nothing. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[file...]", "Quadlet files, or folders of them, installed or not")
    .option("--user", "for a user's manager")
    .addOption(new Option("--format <format>", "how to print").choices(["text", "json"]).default("text"))
    .action((words: string[], options: Options) => check(words, options, context));
}

function check(words: readonly string[], { user, format }: Options, context: CommandContext): void {
  const scope = user === true ? "user" : context.scope.kind;
  const searched = searchDirectories({ scope, uid: context.scope.uid, env: context.env });
  const installed = searched.directories.map((directory) => ({ ...directory, shownAs: directory.path }));
  const paths = words.map((word) => ({ word, path: resolve(context.cwd, word) }));
  const folders = paths.filter(({ path }) => isFolder(path));
  const files = paths.filter((path) => !folders.includes(path));
  const stranger = files.find(({ path }) => fileTypeOf(basename(path)) === undefined);
  if (stranger !== undefined) {
    const message = `${stranger.word} is neither a folder nor a Quadlet file: its name has to end in .container or its like`;
    throw new CommandError(message, 125);
  }
  const inFolders =
    words.length === 0
      ? installed
      : folders.map(({ word, path }) => ({
          ...installed.find((directory) => directory.path === path),
          path,
          shownAs: word,
        }));
  const given = files.map(({ word, path }) => readSource(path, word));
  // Files may refer to others beside them, or to installed ones.
  const beside = given.map(({ path }) => ({ path: dirname(path) }));
  const names = new Set(given.map(({ name }) => name));
  const others = findSources([...inFolders, ...beside, ...installed]).filter(({ name }) => !names.has(name));
  const ofFolders = new Set(findSources(inFolders).map(({ name }) => name));
  const checked = [...given, ...others.filter(({ name }) => ofFolders.has(name))];
  const shown = new Set(
    checked.flatMap(({ shownPath, dropIns }) => [shownPath, ...dropIns.map((one) => one.shownPath)]),
  );
  const { diagnostics } = generate([...given, ...others], { scope, berth: berthPath(process.execPath) });
  const toldOf = new Set(diagnostics.map(({ path, line }) => `${path}:${line}`));
  const own = [
    ...diagnostics.filter(({ path }) => shown.has(path)),
    ...verifySections(checked, scope).filter((one) => !toldOf.has(`${one.path}:${one.line}`)),
    ...warnOfUnknownZones(checked),
    ...shadowed(inFolders, checked),
  ];
  if (checked.length === 0 && words.length > 0) throw new CommandError(nothingIn(folders), 1);
  if (format === "json") context.out(`${JSON.stringify({ diagnostics: own }, null, 2)}\n`);
  else for (const diagnostic of own) context.out(`${formatDiagnostic(diagnostic)}\n`);
  context.err(`${summary(checked.length, own)}\n`);
  if (own.some(({ severity }) => severity === "error")) process.exitCode = 1;
}

/** Warnings of files that another one of the same name, in a folder named before, keeps from being read. */
function shadowed(folders: readonly SearchDirectory[], checked: readonly Source[]): Diagnostic[] {
  const chosen = new Map(checked.map((source) => [source.name, source]));
  return folders.flatMap((folder) =>
    findSources([folder]).flatMap(({ name, path, shownPath }) => {
      const first = chosen.get(name);
      if (first === undefined || first.path === path) return [];
      const message = `not looked at: ${first.shownPath} has the same name, and comes first`;
      return [{ path: shownPath, line: 0, column: 0, severity: "warning" as const, code: "shadowed", message }];
    }),
  );
}

/** The message about folders without a Quadlet file, with what is there that was perhaps meant to be one. */
function nothingIn(folders: readonly { readonly word: string; readonly path: string }[]): string {
  const near = folders.flatMap(({ path }) => readdirSync(path)).filter((name) => NEARLY.test(name));
  const where = folders.map(({ word }) => word).join(", ");
  const there = near.length === 0 ? "" : `; ${near.slice(0, 5).join(", ")} ${near.length === 1 ? "is" : "are"} none`;
  return `no Quadlet file in ${where}: their names end in .container, .pod, .network, .volume or .image${there}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function summary(files: number, diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return `${count(files, "file")} checked: ${count(errors, "error")}, ${count(diagnostics.length - errors, "warning")}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

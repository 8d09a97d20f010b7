import type { Command } from "commander";
import { parseRunFlags } from "../generator/parse-run-flags.ts";
import { RUN_FLAGS, type RunFlag } from "../generator/run-flags.ts";
import { type CommandContext, CommandError } from "./command.ts";
import { findImage } from "./find-image.ts";
import { toRunRequest } from "./run-request.ts";

/** `berth run`: what generated units call, and what people type. Its flags are read by the table, podman's way. */
export function define(command: Command, context: CommandContext): void {
  command
    .usage("[flags] IMAGE [COMMAND [ARGUMENT...]]")
    .argument("[words...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (_: string[], __: unknown, self: Command) => run(self.args, context));
}

async function run(args: readonly string[], context: CommandContext): Promise<void> {
  // -h is podman's --hostname, so only the long form asks for help.
  if (args[0] === "--help") return context.out(helpText());
  const { flags, rest, problems } = parseRunFlags(args);
  if (problems.length > 0) {
    throw new CommandError(problems.map(({ message, hint }) => message + (hint ? ` (${hint})` : "")).join("; "), 125);
  }
  const [image, ...words] = rest;
  if (image === undefined) throw new CommandError("no image given (see berth run --help)", 125);
  const request = toRunRequest(flags, image, words, context.cwd);
  if (request.detach && request.unit === undefined) {
    const { runAsTransientUnit } = await import("./run-detached.ts");
    return runAsTransientUnit(request, args, context);
  }
  if (request.tty && (request.unit !== undefined || request.detach)) {
    throw new CommandError("a container in the background has no terminal: leave out --tty", 125);
  }
  const { enterUserNamespace } = await import("../runtime/user-namespace.ts");
  enterUserNamespace(context.scope, context.env);
  const { launch } = await import("../runtime/launch.ts");
  await launch(request, {
    scope: context.scope,
    env: context.env,
    program: process.execPath,
    inUserNamespace: context.scope.kind === "user",
    image: (wanted, onProgress) => findImage(wanted, context, onProgress),
  });
}

function helpText(): string {
  const shown = RUN_FLAGS.filter((flag) => !flag.hidden).map((flag) => [flagNames(flag), flag.help] as const);
  const width = Math.max(...shown.map(([names]) => names.length));
  return [
    "Usage: berth run [flags] IMAGE [COMMAND [ARGUMENT...]]",
    "",
    "Run a container in the foreground, or with --detach as a unit of systemd's.",
    "",
    "Flags:",
    ...shown.map(([names, help]) => `  ${names.padEnd(width)}  ${help}`),
    "",
    "Example:",
    "  berth run -it -v ./src:/src:ro docker.io/library/alpine:3 sh",
    "",
  ].join("\n");
}

function flagNames(flag: RunFlag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.kind === "boolean" ? "" : ` ${flag.value ?? "VALUE"}`}`;
}

import { randomBytes } from "node:crypto";
import { OBEYED_VARIABLES } from "../generator/environment.ts";
import { currentLoginuid } from "../runtime/loginuid.ts";
import type { RunRequest } from "../runtime/run-request.ts";
import { signalNumber } from "../runtime/stop-payload.ts";
import { type UnitProperty, withManager } from "../runtime/systemd.ts";
import { type CommandContext, CommandError } from "./command.ts";

/**
 * `berth run -d` from a shell: the same container in a service that systemd makes for it and forgets when it has ended.
 * Prints the container's ID, which is the service's invocation ID. `args` is the command line after `berth run`.
 */
export async function runAsTransientUnit(
  request: RunRequest,
  args: readonly string[],
  context: CommandContext,
): Promise<void> {
  const name = request.name ?? randomBytes(6).toString("hex");
  const unit = `berth-${name}.service`;
  await withManager(context.scope, context.env, async (manager) => {
    const result = await manager.startTransient(unit, transientProperties(request, name, unit, args, context));
    if (result !== "done") throw new CommandError(`start ${unit}: ${result} (see journalctl -u ${unit})`, 125);
    const { InvocationID: id } = await manager.properties(unit);
    context.out(`${Buffer.from(id as Uint8Array).toString("hex")}\n`);
  });
}

/** The directives that the generator writes for a `.container` file, as D-Bus properties. */
function transientProperties(
  request: RunRequest,
  name: string,
  unit: string,
  args: readonly string[],
  context: CommandContext,
): UnitProperty[] {
  const program = process.execPath;
  const caller = context.scope.kind === "system" && request.loginuid === undefined ? currentLoginuid() : undefined;
  const own = [
    "--unit",
    unit,
    "--sdnotify",
    "started",
    "--name",
    name,
    ...(caller === undefined ? [] : ["--loginuid", `${caller}`]),
  ];
  const command = (words: readonly string[], mayFail: boolean) => [[program, [program, ...words], mayFail]];
  return [
    ["Description", "s", `Container ${name} (${request.image})`],
    ["CollectMode", "s", "inactive-or-failed"],
    ["Type", "s", "notify"],
    ["NotifyAccess", "s", "all"],
    ["Delegate", "b", true],
    ...(context.scope.kind === "system" ? [["PrivateMounts", "b", true] as const] : []),
    ["KillMode", "s", "mixed"],
    ["SyslogIdentifier", "s", name],
    ["WorkingDirectory", "s", context.cwd],
    ["Environment", "as", passedEnvironment(request, context)],
    ["UnsetEnvironment", "as", OBEYED_VARIABLES.map((variable) => variable.name)],
    ["TimeoutStopUSec", "t", BigInt(request.stopTimeout) * 1_000_000n],
    ...(request.stopSignal === undefined
      ? [["ExecStop", "a(sasb)", command(["stop-payload", "--unit", unit], true)] as const]
      : [["KillSignal", "i", signalNumber(request.stopSignal)] as const]),
    ["ExecStart", "a(sasb)", command(["run", ...own, ...args], false)],
    ["ExecStopPost", "a(sasb)", command(["cleanup", "--unit", unit], true)],
  ];
}

/** What `--env NAME`, `--env PREFIX*` and `--env-host` ask to be passed on from the caller's shell. */
function passedEnvironment(request: RunRequest, context: CommandContext): string[] {
  const bare = request.env.filter((text) => !text.includes("="));
  const wanted = (name: string) =>
    request.envHost || bare.some((text) => text === name || (text.endsWith("*") && name.startsWith(text.slice(0, -1))));
  return Object.entries(context.env).flatMap(([name, value]) =>
    value !== undefined && wanted(name) ? [`${name}=${value}`] : [],
  );
}

import { randomBytes } from "node:crypto";
import { OBEYED_VARIABLES } from "../../generator/making/environment.ts";
import { managerCapabilitySet } from "../../generator/making/user-manager.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { passesOn, splitEnvironment } from "../../options/values/command.ts";
import { signalNumber } from "../../options/values/signal.ts";
import { currentLoginuid } from "../../runtime/container/loginuid.ts";
import { type SystemdManager, type UnitProperty, withManager } from "../../runtime/systemd/systemd.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { lastMessages, whereToLook } from "../program/unit-messages.ts";
import { showWaiting, startStatus } from "../program/waiting.ts";
import { podProperties } from "./pod-properties.ts";

/** How often, and how many times, to look whether systemd has forgotten a unit: milliseconds. */
const LOOK_MS = 20;
const LOOKS_MAX = 100;

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
    await makeRoom(manager, unit, name, request.replace);
    const since = Date.now();
    const starting = manager.startTransient(unit, transientProperties(request, name, unit, args, context));
    const result = await showWaiting(starting, () => startStatus(manager, unit), context);
    if (result !== "done") {
      context.err(lastMessages(unit, since, context));
      throw new CommandError(`start ${unit}: ${result} (${whereToLook(unit, context)})`, 125);
    }
    const { InvocationID: id } = await manager.properties(unit);
    context.out(`${Buffer.from(id as Uint8Array).toString("hex")}\n`);
  });
}

/** Sees to it that no earlier container has the unit: with `replace` it is stopped first. */
async function makeRoom(manager: SystemdManager, unit: string, name: string, replace: boolean): Promise<void> {
  const [state] = await manager.units([unit]);
  if (state === undefined || state.activeState === "inactive") return;
  const failed = state.activeState === "failed";
  if (!failed && !replace)
    throw new CommandError(`the name ${name} is in use by ${unit} (--replace stops that first)`, 125);
  const { LoadState, Transient } = await manager.properties(unit);
  if (LoadState !== "not-found" && Transient !== true)
    throw new CommandError(`${unit} is not one that berth run has made`, 125);
  // It may have ended in the meantime. Where it has not, systemd makes no other one of its name, and says so.
  // One that has failed while its pod was stopped systemd does not forget by itself.
  await manager[failed ? "resetFailed" : "stop"](unit).catch(() => undefined);
  // systemd forgets it only some time after it has stopped (252).
  for (let look = 0; look < LOOKS_MAX && (await manager.properties(unit)).LoadState !== "not-found"; look++)
    await Bun.sleep(LOOK_MS);
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
  const asked = request.stopTimeout === 0 ? "KILL" : request.stopSignal;
  const stopSignal = asked === undefined ? undefined : signalNumber(asked);
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
  // systemd would put the service's own variables in the place of $NAME; a dollar that is doubled stands for itself.
  const command = (words: readonly string[], mayFail: boolean) => [
    [program, [program, ...words].map((word) => word.replaceAll("$", "$$$$")), mayFail],
  ];
  return [
    ["Description", "s", `Container ${name} (${request.image})`],
    ["Wants", "as", [`berth-log@${unit.replace(/\.service$/, "")}.socket`]],
    ["CollectMode", "s", "inactive-or-failed"],
    ["Type", "s", "notify"],
    ["NotifyAccess", "s", "all"],
    ["Delegate", "b", true],
    ...(context.scope.kind === "system"
      ? [["PrivateMounts", "b", true] as const]
      : [["AmbientCapabilities", "t", managerCapabilitySet(context.scope.uid)] as const]),
    ...(request.pod === undefined ? [] : podProperties(context.scope, request.pod)),
    ["KillMode", "s", "mixed"],
    ["SyslogIdentifier", "s", name],
    ["SyslogLevelPrefix", "b", false],
    ["WorkingDirectory", "s", context.cwd],
    ["Environment", "as", passedEnvironment(request, context)],
    ["UnsetEnvironment", "as", OBEYED_VARIABLES.map((variable) => variable.name)],
    // systemd applies it to cleanup as well, which needs its time.
    ["TimeoutStopUSec", "t", BigInt(request.stopTimeout === 0 ? 10 : request.stopTimeout) * 1_000_000n],
    ...(stopSignal === undefined
      ? [["ExecStop", "a(sasb)", command(["stop-payload", "--unit", unit], true)] as const]
      : [["KillSignal", "i", stopSignal] as const]),
    ["ExecStart", "a(sasb)", command(["run", ...own, ...args], false)],
    ["ExecStopPost", "a(sasb)", command(["cleanup", "--unit", unit], true)],
  ];
}

/** What `--env NAME`, `--env PREFIX*` and `--env-host` ask to be passed on from the caller's shell. */
function passedEnvironment(request: RunRequest, context: CommandContext): string[] {
  const words = request.env.map(splitEnvironment);
  const wanted = (name: string) => request.envHost || words.some((word) => passesOn(word, name));
  return Object.entries(context.env).flatMap(([name, value]) =>
    value !== undefined && wanted(name) ? [`${name}=${value}`] : [],
  );
}

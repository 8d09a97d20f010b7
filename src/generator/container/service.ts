import { LAUNCHER_CGROUP } from "../../launcher-cgroup.ts";
import { DEFAULT_OCI_RUNTIME, type OciRuntimeName, pipesOutput } from "../../oci-runtimes.ts";
import { valueIn } from "../../options/values/check.ts";
import { parseOciRuntime } from "../../options/values/choice/oci-runtime.ts";
import { memoryMax, parseMemory } from "../../options/values/size.ts";
import { STOP_TIMEOUT } from "../../options/values/stop-timeout.ts";
import { parsePidsLimit, tasksMax } from "../../options/values/task-limit.ts";
import { lastEntry, type SectionEntries } from "../../unit/lookup.ts";
import { type Directive, UnitDraft } from "../../unit/unit-draft.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ContainerContext, GenerateOptions, SharedCommands } from "../making/context.ts";
import { UNSET_ENVIRONMENT } from "../making/environment.ts";
import { CONTAINER_FIXED, NOTIFY_SOCKET, OUTPUT_SOCKET } from "../making/running-service-stop.ts";
import { completeUnitSection } from "../making/unit-section.ts";
import { ambientCapabilities } from "../making/user-manager.ts";
import { checkContainerOwner, containerOwner } from "./container-owner.ts";
import { mayPrintToJournal } from "./output.ts";
import type { PodMembership } from "./pod-container.ts";
import { addRunCommand, notifies } from "./run-command.ts";
import type { Sockets } from "./socket.ts";
import { addStopping, leavesSignalToImage, overridden } from "./stopping.ts";

/** The launcher and the OCI runtime live in the same cgroup until the payload runs. */
const MEMORY_ENOUGH = 32 * 1024 * 1024;

/** The commands at the end of every service's run. If one fails, the service does not: hence the dash. */
export function sharedCommands(options: GenerateOptions): SharedCommands {
  const command = (name: string): string =>
    new CommandLine().literal(`-${options.berth}`, name).plain("--unit %n").toString();
  return { stopPayload: command("stop-payload"), cleanup: command("cleanup") };
}

/** The service of a `.container` file: the user's lines, with berth's added. */
export function containerService(
  context: ContainerContext,
  sockets: Sockets,
  membership: PodMembership | undefined,
): UnitDraft {
  const { parsed } = context;
  const draft = UnitDraft.copyOf(parsed.file);
  if (parsed.sections.has("Socket")) draft.removeSection("Socket");
  draft.renameSections([parsed.type.section, "Quadlet", "Berth"], (name) => `X-${name}`);
  const given = parsed.sections.get("Service");
  if (given !== undefined) checkService(context, given);
  const oneshot = context.service.get("Type")?.value === "oneshot";
  const line = new CommandLine().literal(context.options.berth);
  const byDefault = membership?.stopTimeout ?? STOP_TIMEOUT;
  const asImage = !oneshot && leavesSignalToImage(context, byDefault);
  const command = addRunCommand(line, context, { pod: membership?.pod, foreground: oneshot, asImage });
  const lines = membership?.unit ?? [];
  completeUnit(draft, context, sockets, [...lines, ...command.needed], oneshot);
  const stopping = { oneshot, signal: command.imageSignal, byDefault };
  completeService(draft, context, { run: line.toString(), stopping, lines: membership?.service ?? [] });
  return draft;
}

function completeUnit(
  draft: UnitDraft,
  context: ContainerContext,
  sockets: Sockets,
  more: readonly Directive[],
  oneshot: boolean,
): void {
  const lines: Directive[] = [...more];
  // A payload that is started by hand needs its sockets as well.
  if (sockets.passedTo !== undefined) lines.push(["Requires", sockets.passedTo], ["After", sockets.passedTo]);
  // The socket makes /dev/stdout a file that can be opened. In the foreground pipes of the OCI runtime may do.
  const opensPipe = !oneshot || !pipesOutput(runtimeOf(context));
  if (opensPipe && mayPrintToJournal(context)) lines.push(["Wants", OUTPUT_SOCKET]);
  if (!oneshot && context.options.scope === "system" && notifies(context)) lines.push(["Wants", NOTIFY_SOCKET]);
  if (sockets.stopWhenIdle) lines.push(["StopWhenUnneeded", "yes"]);
  completeUnitSection(draft, context, lines);
}

/** The OCI runtime, as far as it is known before the start; PodmanArgs= comes last on the command line, and counts. */
function runtimeOf({ berth, container, options }: ContainerContext): OciRuntimeName {
  const words = container.list("PodmanArgs").map(({ text }) => text);
  const flag = words.findLast((word, at) => word.startsWith("--runtime=") || words[at - 1] === "--runtime");
  const named = flag?.replace(/^--runtime=/, "") ?? berth.string("Runtime")?.text;
  return (
    (named === undefined ? undefined : valueIn(parseOciRuntime(named))) ?? options.defaultRuntime ?? DEFAULT_OCI_RUNTIME
  );
}

function completeService(
  draft: UnitDraft,
  context: ContainerContext,
  made: { run: string; stopping: Parameters<typeof addStopping>[2]; lines: readonly Directive[] },
): void {
  const { options } = context;
  const { oneshot } = made.stopping;
  const lines: Directive[] = [...made.lines];
  if (!context.service.has("KillMode")) lines.push(["KillMode", "mixed"]);
  addStopping(context, lines, made.stopping);
  const owner = containerOwner(context);
  const prefix = owner?.prefix ?? "";
  lines.push(["ExecStopPost", prefix + context.commands.cleanup]);
  lines.push(["Delegate", CONTAINER_FIXED.Delegate]);
  // Otherwise the launcher moves there by itself, for which it has to wait.
  if (options.delegatesSubgroup === true && !context.service.has("DelegateSubgroup"))
    lines.push(["DelegateSubgroup", LAUNCHER_CGROUP]);
  // In a user's manager PrivateMounts= would make a user namespace; there the launcher makes its own.
  if (options.scope === "system") lines.push(["PrivateMounts", CONTAINER_FIXED.PrivateMounts]);
  if (!oneshot && !context.service.has("Type")) lines.push(["Type", "notify"]);
  // A oneshot needs it for the cleanup alone, which may ask for more time.
  lines.push(["NotifyAccess", CONTAINER_FIXED.NotifyAccess]);
  lines.push(...ambientCapabilities(options));
  // The default of other services: with a delegated cgroup systemd would ignore OOM kills.
  if (!context.service.has("OOMPolicy")) lines.push(["OOMPolicy", "stop"]);
  addLimits(context, lines);
  if (!context.service.has("SyslogIdentifier")) lines.push(["SyslogIdentifier", "%N"]);
  // A line that begins with <0> would be written to every terminal, and nobody vouches for what the payload prints.
  if (!context.service.has("SyslogLevelPrefix")) lines.push(["SyslogLevelPrefix", "no"]);
  lines.push(...(owner?.lines ?? []));
  lines.push(["UnsetEnvironment", UNSET_ENVIRONMENT]);
  lines.push(["ExecStart", prefix + made.run]);
  draft.appendAll("Service", lines);
}

function addLimits(context: ContainerContext, lines: Directive[]): void {
  const { container, report } = context;
  const memory = container.string("Memory");
  const bytes = memory === undefined ? undefined : valueIn(parseMemory(memory.text));
  if (memory !== undefined && bytes !== undefined) {
    if (bytes < MEMORY_ENOUGH) {
      const message = "less than 32m may not be enough to start the container in";
      report.value(memory, { code: "limit-too-low", message }, "warning");
    }
    if (!context.service.has("MemoryMax")) lines.push(["MemoryMax", memoryMax(bytes)]);
    else overridden(context, memory.entry, "MemoryMax");
  }
  const pids = container.string("PidsLimit");
  const tasks = pids === undefined ? undefined : valueIn(parsePidsLimit(pids.text));
  if (pids === undefined || tasks === undefined) return;
  if (!context.service.has("TasksMax")) lines.push(["TasksMax", tasksMax(tasks)]);
  else overridden(context, pids.entry, "TasksMax");
}

/** Reports lines of the user's `[Service]` that contradict berth's. */
function checkService(context: ContainerContext, service: SectionEntries): void {
  const { report } = context;
  const type = lastEntry(service, "Type");
  if (type !== undefined && type.value !== "notify" && type.value !== "oneshot") {
    report.at(type, 0, {
      code: "bad-service-type",
      message: `invalid service Type '${type.value}'`,
      hint: "notify or oneshot",
    });
  }
  const killMode = lastEntry(service, "KillMode");
  if (killMode !== undefined && killMode.value !== "mixed" && killMode.value !== "control-group") {
    const message = `invalid KillMode '${killMode.value}'`;
    report.at(killMode, 0, { code: "bad-kill-mode", message, hint: "mixed or control-group" });
  }
  for (const entry of service.get("ExecStart") ?? []) {
    const hint = "Exec= in [Container] takes arguments for the image";
    report.item(entry, { code: "managed-directive", message: "ExecStart= is written by berth", hint });
  }
  checkContainerOwner(context);
  for (const [key, value] of Object.entries(CONTAINER_FIXED)) {
    const entry = context.service.get(key);
    if (entry === undefined || entry.value === value) continue;
    report.item(entry, { code: "managed-directive", message: `${key}= is set to ${value} by berth` }, "warning");
  }
}

import { valueIn } from "../../options/values/check.ts";
import { parseSignal } from "../../options/values/signal.ts";
import type { RunningUnit } from "../../state/running-units.ts";
import { escapeSpecifiers } from "../../unit/quoting.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { CommandLine } from "./command-line.ts";
import type { GenerateOptions, SharedCommands } from "./context.ts";
import { stopTimeoutLines } from "./stop-timeout-lines.ts";

/** Namespaces of a pod that the manager holds, and room to spare. */
const NAMESPACES_MAX = "16";

/** units/berth-log@.socket, for a container's service; the socket's unit orders itself. */
export const OUTPUT_SOCKET = "berth-log@%N.socket";

/** units/berth-notify@.socket, for the service of a payload that notifies the system's manager itself. */
export const NOTIFY_SOCKET = "berth-notify@%N.socket";

/** Directives of `[Service]` with a fixed value in a container's service. */
export const CONTAINER_FIXED = { Delegate: "yes", NotifyAccess: "all", PrivateMounts: "yes" } as const;

/** Lines of `[Service]` that let the manager keep a pod's namespaces. */
export const POD_HELD: readonly Directive[] = [
  ["NotifyAccess", "all"],
  ["FileDescriptorStoreMax", NAMESPACES_MAX],
];

/** Lines that stop a service's container or pod. */
export interface StopLines {
  readonly unit: readonly Directive[];
  readonly service: readonly Directive[];
}

/** ExecStopPost= of a pod's service. */
export function podRemoval(name: string, { berth }: GenerateOptions): string {
  return new CommandLine().literal(berth).plain("pod rm --ignore --force").expanded(name).toString();
}

/**
 * The lines that a running service needs to stop and be cleaned up where its file is gone or wrong. systemd uses them
 * from the next reload on, and forgets those of the file.
 */
export function stopLinesOf(running: RunningUnit, options: GenerateOptions, commands: SharedCommands): StopLines {
  if (running.kind === "pod") {
    const removal = podRemoval(escapeSpecifiers(running.name), options);
    const stays: readonly Directive[] = [
      ["Type", "notify"],
      ["RemainAfterExit", "yes"],
    ];
    return { unit: [], service: [...stays, ...POD_HELD, ["ExecStopPost", removal]] };
  }
  const pod: readonly Directive[] =
    running.pod === undefined
      ? []
      : [
          ["BindsTo", escapeSpecifiers(running.pod)],
          ["After", escapeSpecifiers(running.pod)],
        ];
  const { Delegate, NotifyAccess, PrivateMounts } = CONTAINER_FIXED;
  return {
    unit: [["Wants", OUTPUT_SOCKET], ...pod],
    service: [
      ["Type", "notify"],
      ["NotifyAccess", NotifyAccess],
      ["Delegate", Delegate],
      ...(options.scope === "system" ? [["PrivateMounts", PrivateMounts] as const] : []),
      ["KillMode", "mixed"],
      ...(running.stopTimeout === undefined ? [] : stopTimeoutLines(running.stopTimeout)),
      ...stopBySignal(running, commands),
      ["ExecStopPost", commands.cleanup],
    ],
  };
}

/** The lines that stop a payload by the signal that it expects. With a stop time-out of 0 the lines of that kill it. */
function stopBySignal(
  { stopSignal, stopTimeout }: Extract<RunningUnit, { kind: "container" }>,
  { stopPayload }: SharedCommands,
): Directive[] {
  const signal = stopSignal === undefined ? undefined : valueIn(parseSignal(String(stopSignal)));
  if (signal === undefined) return [["ExecStop", stopPayload]];
  return stopTimeout === 0 || signal === "SIGTERM" ? [] : [["KillSignal", signal]];
}

import { valueIn } from "../../options/values/check.ts";
import { parseSignal } from "../../options/values/signal.ts";
import { parseStopTimeout } from "../../options/values/stop-timeout.ts";
import { stopSignalKey } from "../../state/stop-signals.ts";
import type { Entry } from "../../unit/entry.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import type { ContainerContext } from "../making/context.ts";
import { stopTimeoutLines } from "../making/stop-timeout-lines.ts";
import { containerOwner } from "./container-owner.ts";

/**
 * Whether a service stops its payload by the signal that the image names: neither the file nor `[Service]` says one,
 * and it is not killed at once. `byDefault` is the stop time-out in seconds where the file has none.
 */
export function leavesSignalToImage(context: ContainerContext, byDefault: number): boolean {
  const { container, service } = context;
  return !container.has("StopSignal") && !service.has("KillSignal") && !isKilledAtOnce(context, byDefault);
}

/**
 * The name of the signal that an image's payload expects, if it is known: what the last pull has noted, and for a
 * service that runs what its own payload expects, whose image may be an older one of that name. Undefined where it is
 * not known, or instances of a template differ, and in a user's scope: there a launcher is in a user namespace when it
 * learns of another signal, and cannot have systemd read the units anew.
 */
export function imageSignal({ parsed, options }: ContainerContext, image: string): string | undefined {
  if (options.scope === "user") return undefined;
  const key = stopSignalKey(image);
  const noted = key === undefined ? undefined : options.stopSignals?.get(key);
  const running = options.running?.stopSignals?.(parsed.serviceName) ?? [];
  const [signal = noted, ...others] = running;
  if (signal === undefined || running.includes(undefined) || others.some((other) => other !== signal)) return undefined;
  return valueIn(parseSignal(String(signal)));
}

/** Adds the lines of `[Service]` by which its payload is stopped. `signal` is the image's, where it is known. */
export function addStopping(
  context: ContainerContext,
  lines: Directive[],
  { oneshot, signal, byDefault }: { oneshot: boolean; signal: string | undefined; byDefault: number },
): void {
  const { container } = context;
  const asked = container.string("StopSignal");
  const timeout = container.string("StopTimeout");
  const given = context.service.get("TimeoutStopSec") ?? context.service.get("TimeoutSec");
  if (context.service.has("KillSignal")) {
    if (asked !== undefined) overridden(context, asked.entry, "KillSignal");
  } else if (isKilledAtOnce(context, byDefault)) {
    // Its lines say how it is killed.
  } else if (asked !== undefined) {
    lines.push(["KillSignal", valueIn(parseSignal(asked.text)) ?? "SIGTERM"]);
  } else if (signal !== undefined) {
    lines.push(...killSignal(signal));
  } else if (!oneshot) {
    // Only the image knows the payload's stop signal, and images are read at start, not here.
    lines.push(["ExecStop", (containerOwner(context)?.prefix ?? "") + context.commands.stopPayload]);
  }
  if (given === undefined) lines.push(...stopTimeoutLines(stopSeconds(context, byDefault)));
  else if (timeout !== undefined) overridden(context, timeout.entry, given.key);
}

/** The line for a signal that systemd does not send anyway. */
export function killSignal(signal: string): Directive[] {
  return signal === "SIGTERM" ? [] : [["KillSignal", signal]];
}

export function overridden(context: ContainerContext, entry: Entry, by: string): void {
  const message = `${entry.key}= has no effect beside ${by}= of [Service]`;
  context.report.item(entry, { code: "overridden", message }, "warning");
}

function isKilledAtOnce(context: ContainerContext, byDefault: number): boolean {
  const { service } = context;
  return stopSeconds(context, byDefault) === 0 && !service.has("TimeoutStopSec") && !service.has("TimeoutSec");
}

function stopSeconds({ container }: ContainerContext, byDefault: number): number {
  const timeout = container.string("StopTimeout");
  return (timeout === undefined ? undefined : valueIn(parseStopTimeout(timeout.text))) ?? byDefault;
}

import type { StoredImage } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { signalNumber } from "../../options/values/signal.ts";
import { withStateLock } from "../../state/lock.ts";
import { forgetUnit, runningUnit } from "../../state/running-units.ts";
import { noteStopSignals, readStopSignals, stopSignalKey, stopSignalNumber } from "../../state/stop-signals.ts";
import { runProgram } from "../../system/process.ts";
import type { CommandContext } from "../program/command.ts";

/**
 * Sees to it that a unit stops its payload by the signal that the image names, before the payload starts. A generated
 * unit either leaves that to `berth stop-payload`, or has the signal that the image had when systemd last read its
 * units (`--unit-signal`). If the image has another one now, systemd has to read them anew. Notes the image's signal
 * for the generator where that does not know it.
 */
export function agreeOnStopSignal(request: RunRequest, image: StoredImage, context: CommandContext): void {
  const { unit, unitSignal, stopSignal, detach } = request;
  const { scope } = context;
  // In a user's scope no unit has the image's signal (imageSignal() of the generator).
  if (unit === undefined || !detach || stopSignal !== undefined || scope.kind === "user") return;
  const wanted = stopSignalNumber(image.config.stopSignal);
  const agreed = unitSignal !== undefined && signalNumber(unitSignal) === wanted;
  if (agreed || (unitSignal === undefined && isNoted(request.image, wanted, context))) return;
  withStateLock(scope.stateDir, "exclusive", () => noteStopSignals(scope, [[request.image, image.config.stopSignal]]));
  if (unitSignal === undefined) return;
  // The note of an earlier run whose cleanup was cut short would count for more than the image's.
  const earlier = runningUnit(scope, unit);
  if (earlier !== undefined) forgetUnit(scope, unit, earlier.id);
  const { exitCode, stderr } = runProgram("systemctl", ["daemon-reload"]);
  if (exitCode === 0) return;
  const why = `systemd still stops ${unit} with ${unitSignal}, and its image asks for another signal now`;
  context.err(`berth: warning: ${why} (${stderr}): systemctl daemon-reload\n`);
}

function isNoted(image: string, signal: number, { scope }: CommandContext): boolean {
  const key = stopSignalKey(image);
  return key === undefined || readStopSignals(scope).get(key) === signal;
}

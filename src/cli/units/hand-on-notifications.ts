import type { Command } from "commander";
import { isOfContainer, processOfContainer } from "../../runtime/systemd/container-processes.ts";
import { handOnNotifications } from "../../runtime/systemd/hand-on-notifications.ts";
import { inheritedSockets } from "../../runtime/systemd/inherited-sockets.ts";
import type { Scope } from "../../scope.ts";
import { readSoundRecord } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { runningUnit } from "../../state/running-units.ts";
import { type CommandContext, CommandError } from "../program/command.ts";

/** `berth hand-on-notifications UNIT`: ExecStart= of units/berth-notify@.service. */
export function define(command: Command, { scope, env }: CommandContext): void {
  command.argument("<unit>", "the service whose payload speaks").action(async (unit: string) => {
    const systemd = env.NOTIFY_SOCKET;
    if (systemd === undefined || inheritedSockets(env) !== 1)
      throw new CommandError("systemd starts this, with a socket: units/berth-notify@.service", 125);
    await handOnNotifications({
      socket: 3,
      systemd,
      payload: () => payloadOf(scope, unit),
      processOf: processOfContainer,
      isOf: isOfContainer,
    });
  });
}

/** The PID of the first process of the service's container as it runs now: the service may be restarted meanwhile. */
function payloadOf(scope: Scope, unit: string): number | undefined {
  const running = runningUnit(scope, unit);
  const record = running?.kind === "container" ? readSoundRecord(scope, running.id) : undefined;
  return record === undefined ? undefined : payloadPid(scope, record);
}

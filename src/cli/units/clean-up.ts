import { cleanUp } from "../../runtime/container/cleanup.ts";
import { createNotifier } from "../../runtime/systemd/notify.ts";
import { unreadOutput } from "../../runtime/systemd/payload-output.ts";
import { enterUserNamespace } from "../../runtime/user-namespace/enter.ts";
import type { Scope } from "../../scope.ts";
import { type CommandContext, CommandError } from "../program/command.ts";

/**
 * `berth cleanup --unit UNIT`, a part of every stop of a container. main.ts calls it by itself: look at what an import
 * costs before adding one.
 */
export async function cleanUpUnit(unit: string, context: CommandContext): Promise<void> {
  createNotifier(context.env.NOTIFY_SOCKET).extendCleanup();
  await cleanUpOne(context, context.env.INVOCATION_ID, unit);
}

/** Cleans up after the container with this ID, which `unit` ran. Throws CommandError for what is no ID. */
export async function cleanUpOne(
  context: CommandContext,
  id: string | undefined,
  unit: string | undefined,
  removeAll: (scope: Scope, id: string) => Promise<void> = cleanUp,
): Promise<void> {
  if (context.scope.kind === "user") await enterNamespace(context, id);
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) {
    throw new CommandError("which container? give --id, --stale, or --unit from within the unit", 125);
  }
  // The output of ExecStopPost= goes to the service's journal.
  const unread = unit === undefined ? "" : unreadOutput(context.scope, unit);
  // To print nothing would take as long as all the rest.
  if (unread !== "") context.out(unread);
  await removeAll(context.scope, id);
}

/** Enters the user namespace of a user's container, to clean up in: the one of the bridges, if it is on any. */
export async function enterNamespace(context: CommandContext, id: string | undefined): Promise<void> {
  const { scope } = context;
  const { listOwners } = await import("../../runtime/network/connect/connection-record.ts");
  const { listRemovals } = await import("../../state/network-definitions.ts");
  const bridges = id === undefined && listRemovals(scope).length > 0;
  if (bridges || listOwners(scope).some((owner) => id === undefined || owner === id)) {
    const { enterRootlessNamespace } = await import("../../runtime/network/users/rootless-namespace.ts");
    enterRootlessNamespace(context);
  }
  enterUserNamespace(context);
}

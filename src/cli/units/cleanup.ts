import { type Command, Option } from "commander";
import { cleanUp, cleanUpInHook, cleanUpStale } from "../../runtime/container/cleanup.ts";
import { createNotifier } from "../../runtime/systemd/notify.ts";
import { unreadOutput } from "../../runtime/systemd/payload-output.ts";
import { enterUserNamespace, userNamespaceOwner } from "../../runtime/user-namespace/enter.ts";
import type { Scope } from "../../scope.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";

interface Options {
  unit?: string;
  id?: string;
  stale?: boolean;
  poststop?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Clear away what a container left behind: mounts, network, records.",
  details: [
    "Services do this by themselves when they end (ExecStopPost=), and berth-cleanup.service does it for all after a crash. It is safe at any time: what a running container has is left alone.",
    "When a container has left more files than can be removed in a few seconds, its service ends without them, and berth-cleanup.service removes them.",
  ],
  examples: [{ command: "sudo berth cleanup --stale", help: "Clear away whatever belongs to no running container." }],
};

/**
 * `berth cleanup`: ExecStopPost= of generated units, the hook of foreground runs, and berth-cleanup.service at boot.
 */
export function define(command: Command, context: CommandContext): void {
  command
    .option("--unit <unit>", "clean up after this run of a service (its $INVOCATION_ID)")
    .option("--id <id>", "clean up after the container with this ID")
    .option("--stale", "clean up after every container of which nothing runs any more")
    .addOption(new Option("--poststop", "as the OCI runtime's hook").hideHelp())
    .action(async ({ unit, id, stale, poststop }: Options) => {
      if (unit !== undefined && id === undefined && stale !== true) return cleanUpUnit(unit, context);
      if (unit !== undefined) createNotifier(context.env.NOTIFY_SOCKET).extendCleanup();
      if (stale) await cleanUpAll(context);
      else await cleanUpOne(context, id, unit, poststop === true ? cleanUpInHook : cleanUp);
    });
}

/** `berth cleanup --unit UNIT`, a part of every stop of a container: main.ts calls it without the other commands. */
export async function cleanUpUnit(unit: string, context: CommandContext): Promise<void> {
  createNotifier(context.env.NOTIFY_SOCKET).extendCleanup();
  await cleanUpOne(context, context.env.INVOCATION_ID, unit);
}

async function cleanUpAll(context: CommandContext): Promise<void> {
  // Pods are not visible from within a user namespace.
  for (const pod of await stalePods(context)) context.out(`${pod}\n`);
  if (context.scope.kind === "user") await enterNamespace(context, undefined);
  for (const gone of await cleanUpStale(context.scope)) context.out(`${gone}\n`);
}

async function cleanUpOne(
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
  if (unit !== undefined) context.out(unreadOutput(context.scope, unit));
  await removeAll(context.scope, id);
}

async function stalePods({ scope, env }: CommandContext): Promise<string[]> {
  if (userNamespaceOwner(env) !== undefined) return [];
  const { removeStalePods } = await import("../../runtime/pod/remove.ts");
  return removeStalePods(scope, async (pod) => {
    const { withManager } = await import("../../runtime/systemd/systemd.ts");
    const { InvocationID, ActiveState } = await withManager(scope, env, (manager) => manager.properties(pod.unit));
    return ActiveState !== "failed" && Buffer.from(InvocationID as Uint8Array).toString("hex") === pod.id;
  });
}

/**
 * Cleans up after a user's container in its user namespace: the one of the bridges, if it is on any.
 */
async function enterNamespace(context: CommandContext, id: string | undefined): Promise<void> {
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

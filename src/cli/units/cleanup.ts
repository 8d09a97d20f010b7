import { type Command, Option } from "commander";
import { cleanUp, cleanUpInHook, cleanUpStale } from "../../runtime/container/cleanup.ts";
import { createNotifier } from "../../runtime/systemd/notify.ts";
import { userNamespaceOwner } from "../../runtime/user-namespace/enter.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { cleanUpOne, cleanUpUnit, enterNamespace } from "./clean-up.ts";

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

async function cleanUpAll(context: CommandContext): Promise<void> {
  // Pods are not visible from within a user namespace.
  for (const pod of await stalePods(context)) context.out(`${pod}\n`);
  if (context.scope.kind === "user") await enterNamespace(context, undefined);
  for (const gone of await cleanUpStale(context.scope)) context.out(`${gone}\n`);
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

import type { Command } from "commander";
import { enterRootlessNamespace } from "../../runtime/network/users/rootless-namespace.ts";
import { removePod } from "../../runtime/pod/remove.ts";
import { readPod } from "../../state/pod-record.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { caller, changePodUnit, podNameOf } from "./pod-unit.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Remove pods, by stopping their services.",
  details: ["A pod is there as long as its service is active, so this is the same as `berth pod stop`."],
  examples: [{ command: "sudo berth pod rm web", help: "Stop web-pod.service; nothing of the pod remains." }],
};

/** `berth pod rm`: ExecStopPost= of a pod's service, which removes what the pod has outside of its namespaces. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<pod...>", "names or services")
    .option("-f, --force", "also with containers that run (always so); a pod that does not run is no error")
    .option("-i, --ignore", "a pod that does not run is no error")
    .action(async (words: string[], { force, ignore }: { force?: boolean; ignore?: boolean }) => {
      for (const word of words) {
        const name = podNameOf(word);
        const by = caller(name, context);
        if (by === "unit") {
          // The bridges of a user's pod can only be reached from there.
          if (readPod(context.scope, name)?.network.mode === "bridge") enterRootlessNamespace(context);
          await removePod(context.scope, name);
        } else if (by === "person") {
          // As podman-pod-rm(1): 1, where other commands exit with 125.
          await changePodUnit(word, "stop", context, { ignore: force || ignore, missing: 1 });
        }
      }
    });
}

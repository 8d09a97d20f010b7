import type { Command } from "commander";
import { startPod } from "../../runtime/pod/start.ts";
import { findPod } from "../../state/pod-record.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { caller, changePodUnit, podNameOf } from "./pod-unit.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Start pods, by starting their services.",
  examples: [{ command: "sudo berth pod start web", help: "Start web-pod.service and the containers of web.pod." }],
};

/** `berth pod start`: starts the pod's service; as ExecStart= of that service, completes the pod. */
export function define(command: Command, context: CommandContext): void {
  command.argument("<pod...>", "names or services").action(async (words: string[]) => {
    for (const word of words) {
      const name = podNameOf(word);
      if (caller(name, context) === "unit") await startPod(context, findPod(context.scope, name));
      else await changePodUnit(word, "start", context);
    }
  });
}

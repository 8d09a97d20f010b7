import { type Command, Option } from "commander";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { caller, changePodUnit, podNameOf } from "./pod-unit.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Stop pods and their containers, by stopping their services.",
  examples: [
    { command: "sudo berth pod stop web", help: "Stop web-pod.service, and with it the containers of web.pod." },
  ],
};

/**
 * `berth pod stop`: stops the pod's service. As ExecStop= of that service it does nothing, because systemd has stopped
 * the containers before.
 */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<pod...>", "names or services")
    .option("-i, --ignore", "a pod that does not run is no error")
    .addOption(new Option("-t, --time <seconds>", "as podman has it; the containers' services say how long").hideHelp())
    .action(async (words: string[], { ignore }: { ignore?: boolean }) => {
      for (const word of words) {
        if (caller(podNameOf(word), context) === "person") await changePodUnit(word, "stop", context, { ignore });
      }
    });
}

import type { Command } from "commander";
import { findPod } from "../runtime/pod/record.ts";
import { listRecords } from "../runtime/record.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { formatInspection, inspectionOption } from "./output-format.ts";
import { podNameOf } from "./pod-unit.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of pods that run, as JSON.",
  examples: [{ command: "berth pod inspect web", help: "Its namespaces, addresses, ports and containers." }],
};

/** `berth pod inspect`. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<pod...>", "names")
    .addOption(inspectionOption())
    .action((words: string[], { format }: { format: string }) => {
      const records = listRecords(context.scope);
      const shown = words.map((word) => {
        const pod = findPod(context.scope, podNameOf(word));
        const containers = records.filter((record) => record.pod === pod.name);
        return {
          Id: pod.id,
          Name: pod.name,
          Created: pod.created,
          Unit: pod.unit,
          ExitPolicy: pod.exitPolicy,
          Hostname: pod.hostname,
          Labels: pod.labels,
          SharedNamespaces: pod.shared,
          Namespaces: pod.namespaces?.inodes ?? {},
          Network: pod.network,
          Addresses: pod.addresses,
          Ports: pod.ports,
          Mounts: pod.mounts,
          ShmSize: pod.shmSize,
          NumContainers: containers.length,
          Containers: containers.map(({ id, name, unit }) => ({ Id: id, Name: name, Unit: unit })),
        };
      });
      context.out(formatInspection(shown, format));
    });
}

import type { Command } from "commander";
import type { Scope } from "../../scope.ts";
import { surveyRecords } from "../../state/container-record.ts";
import { findPod } from "../../state/pod-record.ts";
import { addInspectionOptions, type InspectionOptions, inspectEach } from "../output/inspection.ts";
import { portBindings } from "../output/port-text.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";
import { podNameOf } from "./pod-unit.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of pods that run, as JSON.",
  examples: [
    { command: "berth pod inspect web", help: "Its namespaces, addresses, ports and containers." },
    {
      command: "berth pod inspect web --format '{{range .Containers}}{{.Name}} {{end}}'",
      help: "Just its containers.",
    },
  ],
};

/** `berth pod inspect`. */
export function define(command: Command, context: CommandContext): void {
  addInspectionOptions(command)
    .argument("<pod...>", "names, services or IDs")
    .action((words: string[], options: InspectionOptions) =>
      inspectEach(words, (word) => describePod(context.scope, word), options, context),
    );
}

/** The description of a pod, with podman's names. Throws "no-such-pod". */
export function describePod(scope: Scope, word: string): object {
  const pod = findPod(scope, podNameOf(word));
  const containers = surveyRecords(scope).records.filter((record) => record.pod === pod.name);
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
    Ports: portBindings(pod.ports),
    Mounts: pod.mounts,
    ShmSize: pod.shmSize,
    NumContainers: containers.length,
    Containers: containers.map(({ id, name, unit }) => ({ Id: id, Name: name, Unit: unit })),
  };
}

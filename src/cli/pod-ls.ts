import { type Command, Option } from "commander";
import { listPodNames, type PodRecord, readPod } from "../runtime/pod/record.ts";
import { type ContainerRecord, listRecords } from "../runtime/record.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { formatAge } from "./format-age.ts";
import { formatTable } from "./table.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the pods that run.",
  examples: [{ command: "berth pod ls", help: "Pods, their services and their containers." }],
};

/** `berth pod ls`. */
export function define(command: Command, context: CommandContext): void {
  command
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .option("-q, --quiet", "names only")
    .action((options: { format: string; quiet?: boolean }) => {
      const records = listRecords(context.scope);
      const pods = listPodNames(context.scope).flatMap((name) => readPod(context.scope, name) ?? []);
      const rows = pods.map((pod) => ({ pod, containers: records.filter((record) => record.pod === pod.name) }));
      if (options.format === "json") context.out(`${JSON.stringify(rows.map(toJson), null, 2)}\n`);
      else if (options.quiet) for (const { pod } of rows) context.out(`${pod.name}\n`);
      else context.out(formatTable(["POD ID", "NAME", "CREATED", "CONTAINERS", "UNIT"], rows.map(toCells)));
    });
}

interface Row {
  readonly pod: PodRecord;
  readonly containers: readonly ContainerRecord[];
}

function toJson({ pod, containers }: Row): Record<string, unknown> {
  return {
    Id: pod.id,
    Name: pod.name,
    Created: pod.created,
    Unit: pod.unit,
    Labels: pod.labels,
    Containers: containers.map(({ id, name }) => ({ Id: id, Names: name })),
  };
}

function toCells({ pod, containers }: Row): string[] {
  const age = formatAge(pod.created);
  return [pod.id.slice(0, 12), pod.name, `${age} ago`, `${containers.length}`, pod.unit];
}

import type { Command } from "commander";
import { type ContainerRecord, surveyRecords } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { type PodRecord, surveyPods } from "../../state/pod-record.ts";
import { reportUnread } from "../../state/record-format.ts";
import { chooseBy, type FilterKinds, labelFilters, matchesName } from "../output/filters.ts";
import { formatAge } from "../output/format-age.ts";
import {
  addListingOptions,
  formatListing,
  type Listing,
  type ListingOptions,
  shortId,
  templateFields,
} from "../output/output-format.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

/** A pod and its containers. */
interface Row {
  readonly pod: PodRecord;
  readonly containers: readonly ContainerRecord[];
  readonly status: "Running" | "Created";
}

const LISTING: Listing<Row> = {
  headings: {
    ID: "POD ID",
    Name: "NAME",
    Status: "STATUS",
    Created: "CREATED",
    NumberOfContainers: "CONTAINERS",
    Unit: "UNIT",
    ContainerIds: "CONTAINER IDS",
    ContainerNames: "NAMES OF CONTAINERS",
    CreatedAt: "CREATED AT",
    Label: "LABEL",
    Labels: "LABELS",
    Networks: "NETWORKS",
  },
  fieldsOf: ({ pod, containers, status }, whole) => ({
    ID: shortId(pod.id, whole),
    Name: pod.name,
    Status: status,
    Created: `${formatAge(pod.created)} ago`,
    NumberOfContainers: containers.length,
    Unit: pod.unit,
    ContainerIds: containers.map(({ id }) => shortId(id, whole)).join(","),
    ContainerNames: containers.map(({ name }) => name).join(","),
    CreatedAt: pod.created,
    Label: (key: string) => pod.labels[key] ?? "",
    Labels: pod.labels,
    Networks: Object.keys(pod.addresses).join(","),
  }),
  columns: ["ID", "Name", "Status", "Created", "NumberOfContainers", "Unit"],
  jsonOf: ({ pod, containers, status }) => ({
    Id: pod.id,
    Name: pod.name,
    Status: status,
    Created: pod.created,
    Unit: pod.unit,
    Labels: pod.labels,
    Networks: Object.keys(pod.addresses),
    Containers: containers.map(({ id, name }) => ({ Id: id, Names: name })),
  }),
  idOf: ({ pod }) => pod.name,
};

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the pods that run.",
  details: [
    "Filters: `name=` (a regular expression), `id=` (its beginning), `label=KEY[=VALUE]`, `label!=`, `network=`, `status=` (running, created). Of several of one kind any may match, labels all have to.",
    templateFields(LISTING),
  ],
  examples: [
    { command: "berth pod ls", help: "Pods, their services and their containers." },
    { command: "berth pod ls --format '{{.Name}}: {{.ContainerNames}}'", help: "Just the names." },
  ],
};

/** `berth pod ls`. */
export function define(command: Command, context: CommandContext): void {
  addListingOptions(command, "names only", "whole IDs");
  command.action((options: ListingOptions) => list(options, context));
}

function list(options: ListingOptions, { scope, out }: CommandContext): void {
  const containers = surveyRecords(scope);
  const pods = surveyPods(scope);
  const rows = pods.records.map((pod): Row => {
    const members = containers.records.filter((record) => record.pod === pod.name);
    const runs = members.some((record) => payloadPid(scope, record) !== undefined);
    return { pod, containers: members, status: runs ? "Running" : "Created" };
  });
  out(formatListing(chooseBy(rows, options.filter, FILTERS), LISTING, options));
  reportUnread({ unread: [...pods.unread, ...containers.unread] });
}

const FILTERS: FilterKinds<Row> = {
  name: ({ pod }, value) => matchesName(pod.name, value),
  id: ({ pod }, value) => pod.id.startsWith(value),
  ...labelFilters<Row>(({ pod }) => pod.labels),
  network: ({ pod }, value) => Object.hasOwn(pod.addresses, value),
  status: ({ status }, value) => status.toLowerCase() === value.toLowerCase(),
};

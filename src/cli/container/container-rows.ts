import { localCandidates } from "../../image/reference.ts";
import type { PortMapping } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { containerState, type UnitFacts } from "../../state/container-state.ts";
import { containerFacts } from "../../state/liveness.ts";
import { readPod } from "../../state/pod-record.ts";
import { type FilterKinds, labelFilters, matchesName } from "../output/filters.ts";
import { formatAge } from "../output/format-age.ts";
import { type Listing, shortId } from "../output/output-format.ts";
import { describePort, formatPort } from "../output/port-text.ts";

/** A container, or a service without one, as `berth ps --format json` prints it. */
export interface ContainerRow {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: readonly string[];
  readonly Created: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly PortMapping[];
  readonly Pid: number;
  readonly Pod: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Networks: readonly string[];
  readonly Volumes: readonly string[];
  readonly Unit: string;
}

export const CONTAINER_LISTING: Listing<ContainerRow> = {
  headings: {
    ID: "CONTAINER ID",
    Image: "IMAGE",
    Command: "COMMAND",
    Created: "CREATED",
    Status: "STATUS",
    Ports: "PORTS",
    Names: "NAMES",
    Unit: "UNIT",
    CreatedAt: "CREATED AT",
    ImageID: "IMAGE ID",
    Label: "LABEL",
    Labels: "LABELS",
    Networks: "NETWORKS",
    Pid: "PID",
    Pod: "POD",
    PodName: "POD",
    RunningFor: "CREATED",
    State: "STATE",
    Volumes: "VOLUMES",
  },
  fieldsOf: (row, whole) => {
    const age = row.Created === "" ? "" : `${formatAge(row.Created)} ago`;
    return {
      ID: shortId(row.Id, whole),
      Image: row.Image,
      Command: truncate(row.Command.join(" "), whole ? Number.POSITIVE_INFINITY : 24),
      Created: age,
      Status: row.Status,
      Ports: row.Ports.map(formatPort).join(", "),
      Names: row.Names.join(","),
      Unit: row.Unit,
      CreatedAt: row.Created,
      ImageID: shortId(row.ImageID, whole),
      Label: (key: string) => row.Labels[key] ?? "",
      Labels: row.Labels,
      Networks: row.Networks.join(","),
      Pid: row.Pid,
      Pod: row.Pod,
      PodName: row.Pod,
      RunningFor: age,
      State: row.State,
      Volumes: row.Volumes.join(","),
    };
  },
  columns: ["ID", "Image", "Command", "Created", "Status", "Ports", "Names", "Unit"],
  jsonOf: (row) => ({ ...row, Ports: row.Ports.map(describePort) }),
  // A service that does not run has no container, and so no ID.
  idOf: ({ Id }, whole) => shortId(Id, whole),
};

export const CONTAINER_FILTERS: FilterKinds<ContainerRow> = {
  name: ({ Names }, value) => Names.some((name) => matchesName(name, value)),
  id: ({ Id }, value) => Id !== "" && Id.startsWith(value),
  ancestor: ({ Image, ImageID }, value) =>
    Image !== "" && (localCandidates(value).includes(Image) || Image === value || ImageID.startsWith(value)),
  ...labelFilters<ContainerRow>(({ Labels }) => Labels),
  network: ({ Networks }, value) => Networks.includes(value),
  pod: ({ Pod }, value) => Pod === value,
  status: ({ State }, value) => State === value,
  unit: ({ Unit }, value) => Unit === value || Unit === `${value}.service`,
  volume: ({ Volumes }, value) => Volumes.includes(value),
};

/** The row of a container. `unit` is its service as systemd sees it. */
export function containerRow(scope: Scope, record: ContainerRecord, unit: UnitFacts | undefined): ContainerRow {
  const facts = containerFacts(scope, record);
  const state = containerState(facts, unit);
  const pod = record.pod === undefined ? undefined : readPod(scope, record.pod);
  return {
    Id: record.id,
    Names: [record.name],
    Image: record.image,
    ImageID: record.imageDigest.replace(/^sha256:/, ""),
    Command: record.command,
    Created: record.created,
    State: state,
    Status: state === "running" ? `Up ${formatAge(record.created)}` : state,
    Ports: [...record.ports, ...(pod?.ports ?? [])],
    Pid: facts.pid ?? 0,
    Pod: pod?.name ?? "",
    Labels: record.labels,
    Networks: Object.keys({ ...record.addresses, ...pod?.addresses }),
    Volumes: record.volumes ?? [],
    Unit: record.unit ?? "",
  };
}

/** The row of a service without a container, with systemd's word for its state. */
export function unitRow(name: string, unit: UnitFacts | undefined): ContainerRow {
  const activeState = unit?.activeState ?? "unknown";
  return {
    Id: "",
    Names: [],
    Image: "",
    ImageID: "",
    Command: [],
    Created: "",
    State: activeState,
    Status: activeState,
    Ports: [],
    Pid: 0,
    Pod: "",
    Labels: {},
    Networks: [],
    Volumes: [],
    Unit: name,
  };
}

function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

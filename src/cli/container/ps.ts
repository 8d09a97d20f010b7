import type { Command } from "commander";
import { localCandidates } from "../../image/reference.ts";
import type { PortMapping } from "../../options/requests/run-request.ts";
import type { UnitStatus } from "../../runtime/systemd/systemd.ts";
import { type ContainerRecord, listRecords } from "../../state/container-record.ts";
import { payloadPid } from "../../state/liveness.ts";
import { readPod } from "../../state/pod-record.ts";
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
import { describePort, formatPort } from "../output/port-text.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

/** One container, or a service without one, as `berth ps --format json` prints it. */
interface Row {
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

interface Options extends ListingOptions {
  readonly all?: boolean;
}

const LISTING: Listing<Row> = {
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
  // A unit that does not run has no container, and so no ID.
  idOf: ({ Id }, whole) => shortId(Id, whole),
};

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the containers that run.",
  details: [
    "There is no list of its own: berth asks systemd and the kernel. With `--all` the services of container files that do not run are listed too.",
    "Filters: `name=` (a regular expression), `id=` (its beginning), `ancestor=` (an image), `label=KEY[=VALUE]`, `label!=`, `network=`, `pod=`, `status=` (running, or a state of systemd's), `unit=`, `volume=`. Of several of one kind any may match, labels all have to.",
    templateFields(LISTING),
  ],
  examples: [
    { command: "berth ps", help: "What runs." },
    { command: "berth ps -a --format json", help: "Also what does not, for programs." },
    { command: "berth ps --filter pod=shop --format '{{.ID}} {{.Names}}'", help: "What runs in a pod." },
  ],
};

/** `berth ps`: containers, with what systemd says of their units. */
export function define(command: Command, context: CommandContext): void {
  command.option("-a, --all", "also the units of container files that are not running");
  addListingOptions(command, "IDs only", "whole IDs and commands");
  command.action(async (options: Options) => ps(options, context));
}

async function ps(options: Options, context: CommandContext): Promise<void> {
  const records = listRecords(context.scope);
  const known = new Set(records.map(({ unit }) => unit));
  const idle = options.all ? (await containerUnits(context)).filter((unit) => !known.has(unit)) : [];
  const names = [...records.flatMap(({ unit }) => unit ?? []), ...idle];
  const states = new Map(
    (names.length === 0 ? [] : await unitStates(context, names)).map((state) => [state.name, state]),
  );
  const rows = [
    ...records.map((record) =>
      runningRow(record, record.unit === undefined ? undefined : states.get(record.unit), context),
    ),
    ...idle.map((unit) => idleRow(unit, states.get(unit))),
  ].filter((row) => options.all || row.Pid > 0);
  context.out(formatListing(chooseBy(rows, options.filter, FILTERS), LISTING, options));
}

const FILTERS: FilterKinds<Row> = {
  name: ({ Names }, value) => Names.some((name) => matchesName(name, value)),
  id: ({ Id }, value) => Id !== "" && Id.startsWith(value),
  ancestor: ({ Image, ImageID }, value) =>
    Image !== "" && (localCandidates(value).includes(Image) || Image === value || ImageID.startsWith(value)),
  ...labelFilters<Row>(({ Labels }) => Labels),
  network: ({ Networks }, value) => Networks.includes(value),
  pod: ({ Pod }, value) => Pod === value,
  status: ({ State }, value) => State === value,
  unit: ({ Unit }, value) => Unit === value || Unit === `${value}.service`,
  volume: ({ Volumes }, value) => Volumes.includes(value),
};

/** Services that container files have made: what the generator says now, whether or not they were ever started. */
async function containerUnits(context: CommandContext): Promise<string[]> {
  const { findSources, searchDirectories } = await import("../../generator/reading/search.ts");
  const { generate } = await import("../../generator/generate.ts");
  const { scope, env } = context;
  const { directories } = searchDirectories({ scope: scope.kind, uid: scope.uid, env });
  const { files } = generate(findSources(directories), { scope: scope.kind, berth: process.execPath });
  // Pods, networks, volumes and images have services too; and a socket's proxy runs no container.
  // A template has no state of its own, only its instances.
  return files
    .filter(({ role, source }) => role === "service" && source?.endsWith(".container"))
    .map(({ name }) => name)
    .filter((name) => !name.includes("@."));
}

async function unitStates(context: CommandContext, names: readonly string[]): Promise<UnitStatus[]> {
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  return withManager(context.scope, context.env, (manager) => manager.units(names));
}

function runningRow(record: ContainerRecord, state: UnitStatus | undefined, { scope }: CommandContext): Row {
  const pid = payloadPid(scope, record);
  const running = pid !== undefined;
  const pod = record.pod === undefined ? undefined : readPod(scope, record.pod);
  return {
    Id: record.id,
    Names: [record.name],
    Image: record.image,
    ImageID: record.imageDigest.replace(/^sha256:/, ""),
    Command: record.command,
    Created: record.created,
    State: running ? "running" : (state?.activeState ?? "exited"),
    Status: running ? `Up ${formatAge(record.created)}` : (state?.activeState ?? "exited"),
    Ports: [...record.ports, ...(pod?.ports ?? [])],
    Pid: pid ?? 0,
    Pod: pod?.name ?? "",
    Labels: record.labels,
    Networks: Object.keys({ ...record.addresses, ...pod?.addresses }),
    Volumes: record.volumes ?? [],
    Unit: record.unit ?? "",
  };
}

function idleRow(unit: string, state: UnitStatus | undefined): Row {
  const activeState = state?.activeState ?? "unknown";
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
    Unit: unit,
  };
}

function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

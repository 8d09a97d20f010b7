import { type Command, Option } from "commander";
import { payloadPid } from "../runtime/liveness.ts";
import { readPod } from "../runtime/pod/record.ts";
import { type ContainerRecord, listRecords } from "../runtime/record.ts";
import type { PortMapping } from "../runtime/run-request.ts";
import type { UnitStatus } from "../runtime/systemd.ts";
import type { CommandContext, CommandManual } from "./command.ts";
import { formatAge } from "./format-age.ts";
import { formatTable } from "./table.ts";

interface PsOptions {
  all?: boolean;
  format: string;
  quiet?: boolean;
  noTrunc?: boolean;
}

/** One container as `berth ps --format json` prints it. */
interface Row {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: readonly string[];
  readonly Created: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly PortMapping[];
  readonly Pid: number;
  readonly Unit: string;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List the containers that run.",
  details: [
    "There is no list of its own: berth asks systemd and the kernel. With `--all` the services of container files that do not run are listed too.",
  ],
  examples: [
    { command: "berth ps", help: "What runs." },
    { command: "berth ps -a --format json", help: "Also what does not, for programs." },
  ],
};

/** `berth ps`: containers, with what systemd says of their units. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("-a, --all", "also the units of container files that are not running")
    .addOption(new Option("--format <format>", "how to print").choices(["table", "json"]).default("table"))
    .option("-q, --quiet", "IDs only")
    .option("--no-trunc", "whole IDs and commands")
    .action(async (options: PsOptions & { trunc?: boolean }) => ps(options, context));
}

async function ps(options: PsOptions & { trunc?: boolean }, context: CommandContext): Promise<void> {
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
  const short = (id: string) => (options.trunc === false ? id : id.slice(0, 12));
  // A unit that does not run has no container, and so no ID.
  if (options.quiet) context.out(rows.flatMap(({ Id }) => (Id === "" ? [] : `${short(Id)}\n`)).join(""));
  else if (options.format === "json") context.out(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    const heading = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES", "UNIT"];
    const cells = rows.map((row) => [
      short(row.Id),
      row.Image,
      truncate(row.Command.join(" "), options.trunc === false ? Number.POSITIVE_INFINITY : 24),
      row.Created === "" ? "" : `${formatAge(row.Created)} ago`,
      row.Status,
      row.Ports.map(formatPort).join(", "),
      row.Names.join(","),
      row.Unit,
    ]);
    context.out(formatTable(heading, cells));
  }
}

/** Services that container files have made: what the generator says now, whether or not they were ever started. */
async function containerUnits(context: CommandContext): Promise<string[]> {
  const { findSources, searchDirectories } = await import("../generator/search.ts");
  const { generate } = await import("../generator/generate.ts");
  const { scope, env } = context;
  const { directories } = searchDirectories({ scope: scope.kind, uid: scope.uid, env });
  const { files } = generate(findSources(directories), { scope: scope.kind, berth: process.execPath });
  // Pods, networks, volumes and images have services too; and a socket's proxy runs no container.
  // A template has no state of its own, only its instances.
  return files
    .filter(({ text }) => /^SourcePath=.*\.container$/m.test(text) && !/^ExecStart=\S+ socket-proxy /m.test(text))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".service") && !name.includes("@."));
}

async function unitStates(context: CommandContext, names: readonly string[]): Promise<UnitStatus[]> {
  const { withManager } = await import("../runtime/systemd.ts");
  return withManager(context.scope, context.env, (manager) => manager.units(names));
}

function runningRow(record: ContainerRecord, state: UnitStatus | undefined, { scope }: CommandContext): Row {
  const pid = payloadPid(scope, record);
  const running = pid !== undefined;
  return {
    Id: record.id,
    Names: [record.name],
    Image: record.image,
    Command: record.command,
    Created: record.created,
    State: running ? "running" : (state?.activeState ?? "exited"),
    Status: running ? `Up ${formatAge(record.created)}` : (state?.activeState ?? "exited"),
    Ports: record.pod === undefined ? record.ports : [...record.ports, ...(readPod(scope, record.pod)?.ports ?? [])],
    Pid: pid ?? 0,
    Unit: record.unit ?? "",
  };
}

function idleRow(unit: string, state: UnitStatus | undefined): Row {
  const activeState = state?.activeState ?? "unknown";
  return {
    Id: "",
    Names: [],
    Image: "",
    Command: [],
    Created: "",
    State: activeState,
    Status: activeState,
    Ports: [],
    Pid: 0,
    Unit: unit,
  };
}

/** As podman writes it: `0.0.0.0:8080->80/tcp`, `[::1]:8080->80/tcp`. */
function formatPort({ hostIp, hostPort, containerPort, range, protocol }: PortMapping): string {
  const ports = (first: number) => (range === 1 ? `${first}` : `${first}-${first + range - 1}`);
  return `${hostIp.includes(":") ? `[${hostIp}]` : hostIp || "0.0.0.0"}:${ports(hostPort)}->${ports(containerPort)}/${protocol}`;
}

function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

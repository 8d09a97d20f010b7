import { isIP } from "node:net";
import { hostname } from "node:os";
import type { Command } from "commander";
import { openStore } from "../image/store.ts";
import { RuntimeError } from "../runtime/error.ts";
import { findContainer, readSpec } from "../runtime/find-container.ts";
import { payloadPid } from "../runtime/liveness.ts";
import { volumesDir } from "../runtime/paths.ts";
import type { ContainerRecord } from "../runtime/record.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { describeImage } from "./image-inspect.ts";
import { formatInspection, inspectionOption } from "./output-format.ts";
import { portBindings } from "./published-ports.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of running containers and stored images, as JSON with podman's names.",
  examples: [
    { command: "berth inspect web", help: "The container of web.service, or of the name web." },
    { command: "berth inspect registry.example/web:1", help: "An image." },
  ],
};

/** `berth inspect`: what is known of containers or images, as JSON with podman's names. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<name...>", "containers or images")
    .addOption(inspectionOption())
    .action((words: string[], { format }: { format: string }) => {
      const found = words.map((word) => inspect(word, context));
      context.out(formatInspection(found, format));
    });
}

function inspect(word: string, context: CommandContext): object {
  try {
    return inspectContainer(findContainer(context.scope, word), context);
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === "no-such-container")) throw error;
  }
  const image = openStore(context.scope.stateDir).resolve(word);
  if (image === undefined) throw new CommandError(`no container and no image ${word}`, 125);
  return describeImage(image);
}

function inspectContainer(record: ContainerRecord, context: CommandContext): object {
  const spec = readSpec(context.scope, record.id);
  const pid = payloadPid(context.scope, record);
  return {
    Id: record.id,
    Name: record.name,
    Created: record.created,
    Unit: record.unit ?? "",
    Pod: record.pod ?? "",
    Path: spec.process.args[0] ?? "",
    Args: spec.process.args.slice(1),
    State: { Status: pid === undefined ? "created" : "running", Running: pid !== undefined, Pid: pid ?? 0 },
    Image: record.imageDigest.replace(/^sha256:/, ""),
    ImageName: record.image,
    Config: {
      Hostname: spec.hostname ?? hostname(),
      User: `${spec.process.user.uid}:${spec.process.user.gid}`,
      Env: spec.process.env,
      WorkingDir: spec.process.cwd,
      Labels: record.labels,
      Annotations: spec.annotations,
      StopSignal: `SIG${record.stopSignal}`,
      StopTimeout: record.stopTimeout,
    },
    EffectiveCaps: spec.process.capabilities.effective,
    BoundingCaps: spec.process.capabilities.bounding,
    Mounts: spec.mounts
      .filter(({ type }) => type === "bind")
      .map(({ source, destination, options }) => ({
        ...mountKind(volumesDir(context.scope), source),
        Source: source,
        Destination: destination,
        Options: options,
        RW: !options.includes("ro"),
      })),
    NetworkSettings: {
      Mode: record.network.mode,
      IPAddress: Object.values(record.addresses)[0]?.[0] ?? "",
      Networks: Object.fromEntries(
        Object.entries(record.addresses).map(([name, addresses]) => [name, addressesByFamily(addresses)]),
      ),
      Ports: portBindings(record.ports),
    },
    CgroupPath: record.cgroup,
  };
}

function addressesByFamily(addresses: readonly string[]): { IPAddress: string; GlobalIPv6Address: string } {
  const of = (family: 4 | 6) => addresses.find((address) => isIP(address) === family) ?? "";
  return { IPAddress: of(4), GlobalIPv6Address: of(6) };
}

/** A bind mount, or the volume whose folder is mounted. */
function mountKind(volumes: string, source: string): { Type: string; Name?: string } {
  const [name, data, ...rest] = source.startsWith(`${volumes}/`) ? source.slice(volumes.length + 1).split("/") : [];
  return name !== undefined && data === "_data" && rest.length === 0
    ? { Type: "volume", Name: name }
    : { Type: "bind" };
}

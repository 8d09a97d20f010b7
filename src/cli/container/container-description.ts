import { isIP } from "node:net";
import { hostname } from "node:os";
import { readSpec } from "../../runtime/container/read-spec.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { containerState, type UnitFacts } from "../../state/container-state.ts";
import { containerFacts } from "../../state/liveness.ts";
import { volumesDir } from "../../state/paths.ts";
import { portBindings } from "../output/port-text.ts";

/** The description of a container, with podman's names. `unit` is its service as systemd sees it. */
export function describeContainer(scope: Scope, record: ContainerRecord, unit: UnitFacts | undefined): object {
  const spec = readSpec(scope, record.id);
  const facts = containerFacts(scope, record);
  return {
    Id: record.id,
    Name: record.name,
    Created: record.created,
    Unit: record.unit ?? "",
    Pod: record.pod ?? "",
    Path: spec.process.args[0] ?? "",
    Args: spec.process.args.slice(1),
    State: {
      Status: containerState(facts, unit),
      Running: facts.pid !== undefined,
      Pid: facts.pid ?? 0,
      StartedAt: record.created,
    },
    Image: record.imageDigest.replace(/^sha256:/, ""),
    ImageName: record.image,
    Config: {
      Hostname: spec.hostname ?? hostname(),
      User: `${spec.process.user.uid}:${spec.process.user.gid}`,
      Env: spec.process.env,
      Image: record.image,
      Cmd: record.command,
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
        ...mountKind(volumesDir(scope), source),
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
    OCIRuntime: record.runtime,
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

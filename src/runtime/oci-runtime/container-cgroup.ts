import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LAUNCHER_CGROUP } from "../../launcher-cgroup.ts";
import type { Scope } from "../../scope.ts";
import { isMissing } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";

/** The cgroup of a container's processes. */
export interface ContainerCgroup {
  /** `linux.cgroupsPath` of config.json: a path, or for systemd `slice:prefix:name`. */
  readonly cgroupsPath: string;
  /** The end of the path in /proc/PID/cgroup. */
  readonly suffix: string;
  /** Whether the OCI runtime asks systemd for a transient scope. */
  readonly systemd: boolean;
  /** Annotations of config.json by which systemd stops the scope with the service that it was started in. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The unit's own cgroup, which has the limits; undefined in a shell. */
  readonly unitPath?: string;
  /** Whether this process is in the unit's own cgroup, rather than in a child of it. */
  readonly holdsUnit?: true;
}

/** The service that asks for a container in the foreground. */
export interface CallingService {
  readonly service: string;
  /** Seconds that the payload has to end once the service has. */
  readonly stopTimeout: number;
}

/**
 * The container's cgroup, given that of this process, `own`. In a unit it is a child of the unit's, which systemd has
 * delegated; in a shell there is none to divide, so the OCI runtime asks the manager of `kind` for a transient scope.
 * Throws "systemd" for a unit without a cgroup.
 */
export function containerCgroup(
  unit: string | undefined,
  id: string,
  own: string | undefined,
  { kind, caller }: { readonly kind: Scope["kind"]; readonly caller?: CallingService | undefined },
): ContainerCgroup {
  if (unit === undefined) {
    const bound = caller === undefined ? {} : { annotations: boundTo(caller) };
    // runc takes these slices where none is named, and crun takes the empty name for one.
    return { cgroupsPath: `${kind}.slice:berth:${id}`, suffix: `/berth-${id}.scope`, systemd: true, ...bound };
  }
  if (own === undefined) throw new RuntimeError("systemd", "no cgroup v2 hierarchy: /proc/self/cgroup has no 0:: line");
  const isAside = basename(own) === LAUNCHER_CGROUP && basename(dirname(own)) === unit;
  const unitPath = isAside ? dirname(own) : own;
  const path = join(unitPath, "container");
  return { cgroupsPath: path, suffix: path, systemd: false, unitPath, ...(isAside ? {} : { holdsUnit: true }) };
}

/**
 * Properties of the scope, in the form that OCI runtimes take (runc, docs/systemd.md): a service that is killed takes
 * its payload along. Before=, for the end is in the opposite order: after the service, the scope would be stopped
 * before that runs its ExecStop=, and a oneshot would wait for a scope that waits for it.
 */
function boundTo({ service, stopTimeout }: CallingService): Record<string, string> {
  const list = `['${service}']`;
  return {
    "org.systemd.property.BindsTo": list,
    "org.systemd.property.Before": list,
    // A service that is killed starts again only then. Zero would be no limit.
    "org.systemd.property.TimeoutStopUSec": `uint64 ${Math.max(stopTimeout * 1_000_000, 1000)}`,
  };
}

/**
 * The service that this process is in, for which systemd names a part of its cgroup's path. What an ExecStop= runs is
 * in a part below, where the service's cgroup is delegated.
 */
export function callingService(): string | undefined {
  const name = ownCgroup()
    ?.split("/")
    .findLast((part) => part.endsWith(".service"));
  return name !== undefined && /^[\w:.\\@-]+\.service$/.test(name) && !/^user@\d+\.service$/.test(name)
    ? name
    : undefined;
}

/** The cgroup that this process is in; undefined without a cgroup v2 hierarchy. */
export function ownCgroup(): string | undefined {
  return readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .find((line) => line.startsWith("0::"))
    ?.slice("0::".length);
}

/**
 * Moves this process out of the unit's own cgroup into a child of it, which makes room for the container's. Does
 * nothing in a shell, nor where systemd has started it in that child. Throws "systemd".
 *
 * A cgroup with a process of its own can enable only threaded controllers for its children (cgroups(7), "no internal
 * processes"). runc would enable those, which makes the unit's tree a threaded one: systemd 257 can neither run
 * ExecStop= in such a tree nor kill it as a whole. DelegateSubgroup= does the same in no time, where this waits for the
 * kernel to see every processor once (RCU); but it is new in systemd 254.
 */
export function leaveUnitCgroup({ unitPath, holdsUnit }: ContainerCgroup): void {
  if (unitPath === undefined || holdsUnit === undefined) return;
  const unit = join("/sys/fs/cgroup", unitPath);
  // On a machine with cgroup v1 the v2 tree is mounted elsewhere, and has no controllers.
  if (!existsSync(join(unit, "cgroup.controllers"))) return;
  const aside = join(unit, LAUNCHER_CGROUP);
  try {
    mkdirSync(aside, { recursive: true });
    writeFileSync(join(aside, "cgroup.procs"), "0");
  } catch (cause) {
    throw new RuntimeError("systemd", `leave the unit's own cgroup for ${aside}`, { cause });
  }
}

/**
 * Removes the cgroup of a unit's container, given its path in the hierarchy, unless something is left in it. Returns
 * whether it is gone, and with it every process of the container: the kernel removes no cgroup that has processes, or
 * cgroups below it. False also where that cannot be seen, on a machine with cgroup v1.
 */
export function removeIdleCgroup(path: string): boolean {
  if (!existsSync("/sys/fs/cgroup/cgroup.controllers")) return false;
  try {
    rmdirSync(join("/sys/fs/cgroup", path));
    return true;
  } catch (error) {
    return isMissing(error);
  }
}

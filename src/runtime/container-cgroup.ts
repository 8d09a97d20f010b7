import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RuntimeError } from "./error.ts";

/** Where a container's processes are accounted. */
export interface ContainerCgroup {
  /** For config.json: a path, or for systemd `slice:prefix:name`. */
  readonly runcPath: string;
  /** What the path in /proc/PID/cgroup ends in. */
  readonly suffix: string;
  /** Whether runc is to ask systemd for a transient scope. */
  readonly systemd: boolean;
}

/**
 * The container's cgroup. In a unit it is a child of the unit's own, which systemd has delegated; in a shell there is
 * none to divide, so runc asks systemd for a transient scope.
 */
export function containerCgroup(unit: string | undefined, id: string): ContainerCgroup {
  if (unit === undefined) return { runcPath: `:berth:${id}`, suffix: `/berth-${id}.scope`, systemd: true };
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .find((line) => line.startsWith("0::"))
    ?.slice("0::".length);
  if (own === undefined) throw new RuntimeError("systemd", "no cgroup v2 hierarchy: /proc/self/cgroup has no 0:: line");
  const path = join(own, "container");
  return { runcPath: path, suffix: path, systemd: false };
}

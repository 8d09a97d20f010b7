/** A container as the kernel sees it. */
export interface ContainerFacts {
  /** PID of its first process while that runs. */
  readonly pid: number | undefined;
  /** Whether its first process has ever run. */
  readonly started: boolean;
  /** Whether its cgroup, or one above, is frozen. */
  readonly frozen: boolean;
  /** Whether the process that starts it, or runs it in the foreground, is alive. */
  readonly launching: boolean;
}

/** Its unit as systemd sees it. */
export interface UnitFacts {
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`… */
  readonly activeState: string;
}

/** A container's state in podman's words. An exited container is about to be cleaned up. */
export type ContainerState = "created" | "running" | "paused" | "stopping" | "exited";

/**
 * The state of a container that has a record. `unit` is undefined for a container in the foreground of a shell, or if
 * systemd does not answer.
 */
export function containerState(facts: ContainerFacts, unit: UnitFacts | undefined): ContainerState {
  const isStarting = !facts.started && facts.launching;
  if (facts.pid === undefined && !isStarting) return "exited";
  if (facts.frozen) return "paused";
  if (unit?.activeState === "deactivating") return "stopping";
  return facts.pid === undefined ? "created" : "running";
}

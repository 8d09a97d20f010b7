/** What the kernel says of a container. */
export interface ContainerFacts {
  /** PID of its first process while that runs. */
  readonly pid: number | undefined;
  /** Whether its first process has ever run. */
  readonly started: boolean;
  /** Whether its cgroup is frozen (cgroup.freeze, of itself or of one above). */
  readonly frozen: boolean;
  /** Whether the process that starts it, or that runs it in the foreground, is there. */
  readonly launching: boolean;
}

/** What systemd says of its unit. */
export interface UnitFacts {
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`… */
  readonly activeState: string;
}

/** A container's state in podman's words. There is none after its end: what remains of it is cleaned up. */
export type ContainerState = "created" | "running" | "paused" | "stopping" | "exited";

/**
 * The state of a container that has a record. `unit` is undefined for one in the foreground of a shell, and where
 * systemd cannot be asked.
 */
export function containerState(facts: ContainerFacts, unit: UnitFacts | undefined): ContainerState {
  const isStarting = !facts.started && facts.launching;
  if (facts.pid === undefined && !isStarting) return "exited";
  if (facts.frozen) return "paused";
  if (unit?.activeState === "deactivating") return "stopping";
  return facts.pid === undefined ? "created" : "running";
}

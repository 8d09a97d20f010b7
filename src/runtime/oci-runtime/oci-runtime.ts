import type { Environment } from "../../environment.ts";

/**
 * A program that makes containers out of bundles (OCI runtime specification, runtime.md), as one scope uses it: with
 * the state directory of that scope. The rest of berth knows no more of such a program than is said here.
 */
export interface OciRuntime {
  readonly traits: OciRuntimeTraits;

  /**
   * Makes a container and leaves it: resolves with the PID of its first process, which waits for start() before it
   * becomes the payload. Standard input, output and error, and the descriptors to preserve, are this process's own.
   * Rejects with "command-not-found", "command-not-executable" or "oci-runtime".
   */
  create(run: OciRun, env: Environment): Promise<number>;

  /** Lets the first process of a created container become the payload. Nothing happens if the process is gone. */
  start(id: string, pid: number): void;

  /** This process becomes the program that creates and starts the container, and ends with the payload's exit code. */
  becomeRun(run: OciRun, env: Environment): never;

  /**
   * This process becomes the program that runs one more process in a started container, and ends with that one's exit
   * code. `process` is an open file with a `process` object of config.json, which stays open over execve(2).
   */
  becomeExec(id: string, process: number, env: Environment): never;

  /**
   * Removes what the program knows of a container and kills what is left of it; nothing happens if it knows nothing.
   * `bundle` is where its log goes. Throws "oci-runtime".
   */
  delete(id: string, bundle: string): void;

  /** Removes what the program knows of a container, but leaves its processes as they are. Nothing is executed. */
  forget(id: string): void;
}

/** How a runtime differs from others in what the rest of berth has to take care of. */
export interface OciRuntimeTraits {
  /** Whether config.json has to repeat the id maps of a user namespace that is joined, which the kernel knows. */
  readonly needsMapsOfJoinedNamespace: boolean;
}

/** One container for an OCI runtime to make. */
export interface OciRun {
  readonly id: string;
  /** The directory with config.json. The runtime's log is written there. */
  readonly bundle: string;
  /** Where the runtime writes the PID of the first process. */
  readonly pidFile: string;
  /** How many of the file descriptors from 3 on go to the payload. */
  readonly preserveFds: number;
  /** Whether systemd is asked for a transient scope: for a container whose cgroup no unit provides. */
  readonly systemdCgroup: boolean;
}

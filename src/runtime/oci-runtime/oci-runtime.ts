import type { Environment } from "../../environment.ts";

/**
 * A program that makes containers out of bundles (OCI runtime specification, runtime.md), with one scope's state
 * directory. The rest of berth knows only this interface of such a program.
 */
export interface OciRuntime {
  readonly traits: OciRuntimeTraits;

  /**
   * Makes a container, without starting its payload. Resolves with the PID of its first process, which becomes the
   * payload after start(). The container shares this process's standard input, output and error, and the descriptors to
   * preserve. Rejects with "command-not-found", "command-not-executable" or "oci-runtime".
   */
  create(run: OciRun, env: Environment): Promise<number>;

  /** Lets the first process of a created container become the payload. Does nothing if the process has ended. */
  start(id: string, pid: number): void;

  /** Creates and starts the container in place of this process, which ends with the payload's exit code. */
  becomeRun(run: OciRun, env: Environment): never;

  /**
   * Runs one more process in a started container, in place of this process, which ends with its exit code. `process` is
   * the descriptor of a file with a `process` object as in config.json.
   */
  becomeExec(id: string, process: number, env: Environment): never;

  /**
   * Kills the container's remaining processes and removes the program's state of it. Does nothing if there is no state.
   * The log goes to the directory `bundle`. Throws "oci-runtime".
   */
  delete(id: string, bundle: string): void;

  /** Removes the program's state of a container, and leaves its processes alone. Executes nothing. */
  forget(id: string): void;
}

/** Differences among OCI runtimes that the rest of berth has to take care of. */
export interface OciRuntimeTraits {
  /** Whether config.json has to repeat the id maps of a user namespace to join, although the kernel has them. */
  readonly needsMapsOfJoinedNamespace: boolean;
  /** Whether, in the foreground, it gives the payload pipes of its own for output, which can be opened by name. */
  readonly pipesOutput: boolean;
  /** Annotations of config.json by which it leaves the payload in the cgroup of a transient scope itself. */
  readonly scopeAnnotations: Readonly<Record<string, string>>;
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

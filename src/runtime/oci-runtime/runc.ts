import { closeSync, constants, existsSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { isErrno } from "../../system/error.ts";
import { execve, keepOverExec } from "../../system/exec.ts";
import { readIfThere, removeIfThere } from "../../system/files.ts";
import { runProgram } from "../../system/process.ts";
import { identify } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import type { OciRun, OciRuntime, OciRuntimeTraits } from "./oci-runtime.ts";
import { explainMessage, lastErrorIn } from "./runc-messages.ts";

/** The only variables of the launcher that runc gets: the places of a user's bus and runtime directory. */
const PASSED_ON = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;

/** The first descriptor that `--preserve-fds` counts. */
const FIRST_PRESERVED = 3;

/** How often to check whether the payload goes on: milliseconds. */
const START_POLL_MS = 0.2;

/** runc(8) 1.1 and later. */
export class Runc implements OciRuntime {
  readonly traits: OciRuntimeTraits = {
    // It makes root inside the owner of files, and looks root up in the maps of config.json alone.
    needsMapsOfJoinedNamespace: true,
  };
  /** `--root`: a directory for each container that runc knows. */
  readonly #root: string;

  constructor({ runtimeDir }: Pick<Scope, "runtimeDir">) {
    this.#root = join(runtimeDir, "runc");
  }

  async create(run: OciRun, env: Environment): Promise<number> {
    const child = Bun.spawn([findProgram("runc"), ...runArguments(this.#root, run, "create")], {
      stdio: ["inherit", "inherit", "inherit", ...preserved(run)],
      env: runcEnvironment(env),
    });
    const exitCode = await child.exited;
    if (exitCode !== 0) {
      const message = lastErrorIn(readIfThere(logFile(run.bundle)) ?? "");
      throw explainMessage(message ?? `runc ended with status ${exitCode}`);
    }
    return Number(readFileSync(run.pidFile, "utf8"));
  }

  /**
   * The first process waits to open a fifo, and goes on once that has a reader. `runc start` does no more than read it,
   * but takes the time of executing another program.
   */
  start(id: string, pid: number): void {
    const path = join(this.#root, id, "exec.fifo");
    // Opened without waiting for the writer, which may have been killed.
    const fifo = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      while (!hasRead(fifo) && identify(pid) !== undefined) Bun.sleepSync(START_POLL_MS);
    } finally {
      closeSync(fifo);
    }
    // runc takes a container with a fifo for one that has not been started.
    removeIfThere(path);
  }

  becomeRun(run: OciRun, env: Environment): never {
    for (const fd of preserved(run)) keepOverExec(fd);
    return this.#become(runArguments(this.#root, run, "run"), env);
  }

  becomeExec(id: string, process: number, env: Environment): never {
    keepOverExec(process);
    return this.#become(execArguments(this.#root, id, process), env);
  }

  #become(args: readonly string[], env: Environment): never {
    const program = findProgram("runc");
    execve(program, [program, ...args], runcEnvironment(env));
  }

  delete(id: string, bundle: string): void {
    if (!existsSync(join(this.#root, id))) return;
    const words = deleteArguments(this.#root, id, bundle);
    const { exitCode, stderr } = runProgram("runc", words, { env: runcEnvironment({}) });
    if (exitCode !== 0) throw new RuntimeError("oci-runtime", `delete container ${id}: ${stderr}`);
  }

  forget(id: string): void {
    rmSync(join(this.#root, id), { recursive: true, force: true });
  }
}

/** runc's arguments to make a container: `run` stays its parent until it ends, `create` does not. */
export function runArguments(root: string, run: OciRun, command: "run" | "create"): string[] {
  return [
    ...globalArguments(root, run.bundle),
    ...(run.systemdCgroup ? ["--systemd-cgroup"] : []),
    command,
    ...(run.preserveFds > 0 ? ["--preserve-fds", `${run.preserveFds}`] : []),
    "--pid-file",
    run.pidFile,
    "--bundle",
    run.bundle,
    run.id,
  ];
}

/** runc's arguments to run one more process. There is no log, so that messages go to the caller's terminal. */
export function execArguments(root: string, id: string, process: number): string[] {
  return ["--root", root, "exec", "--process", `/proc/self/fd/${process}`, id];
}

export function deleteArguments(root: string, id: string, bundle: string): string[] {
  return [...globalArguments(root, bundle), "delete", "--force", id];
}

function globalArguments(root: string, bundle: string): string[] {
  return ["--root", root, "--log", logFile(bundle), "--log-format", "json"];
}

const logFile = (bundle: string) => join(bundle, "runc.log");

/** runc's environment. It lacks above all NOTIFY_SOCKET and LISTEN_*, which runc would act on itself. */
export function runcEnvironment(env: Environment): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...Object.fromEntries(kept) };
}

function preserved({ preserveFds }: OciRun): number[] {
  return Array.from({ length: preserveFds }, (_, index) => FIRST_PRESERVED + index);
}

/** Whether a byte was read: none before the fifo has a writer, nor (EAGAIN) before that has written. */
function hasRead(fifo: number): boolean {
  try {
    return readSync(fifo, Buffer.alloc(1)) > 0;
  } catch (error) {
    if (isErrno(error, "EAGAIN")) return false;
    throw error;
  }
}

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { Scope } from "../../scope.ts";
import { execve, keepOverExec } from "../../system/exec.ts";
import { readIfThere } from "../../system/files.ts";
import { runProgram } from "../../system/process.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { lastErrorIn } from "./log.ts";
import type { OciRun, OciRuntime, OciRuntimeTraits } from "./oci-runtime.ts";

/** The only variables of the launcher that a runtime gets: the places of a user's bus and runtime directory. */
const PASSED_ON = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;

/** The first descriptor that `--preserve-fds` counts. */
const FIRST_PRESERVED = 3;

/** The file in a container's state directory by which its first process waits to become the payload. */
const FIFO = "exec.fifo";

/** What the runtimes with runc's command line have in common. */
export abstract class OciProgram implements OciRuntime {
  abstract readonly traits: OciRuntimeTraits;
  readonly #name: OciRuntimeName;
  /** `--root`: a directory for each container that the program knows. */
  readonly #root: string;

  constructor(name: OciRuntimeName, { runtimeDir }: Pick<Scope, "runtimeDir">) {
    this.#name = name;
    this.#root = join(runtimeDir, name);
  }

  /** Turns the program's last message into an error, by its words. */
  protected abstract explain(message: string): RuntimeError;

  /** Prepares this process's standard streams, which the program gets next. */
  protected abstract prepareStreams(): void;

  /** Lets the first process, which waits at the fifo, go on, and removes the fifo. */
  protected abstract release(fifo: string, pid: number): void;

  async create(run: OciRun, env: Environment): Promise<number> {
    const program = findProgram(this.#name);
    this.prepareStreams();
    const child = Bun.spawn([program, ...runArguments(this.#globals(run.bundle), run, "create")], {
      stdio: ["inherit", "inherit", "inherit", ...preserved(run)],
      env: programEnvironment(env),
    });
    const exitCode = await child.exited;
    if (exitCode !== 0) {
      const message = lastErrorIn(readIfThere(this.#log(run.bundle)) ?? "");
      throw this.explain(message ?? `${this.#name} ended with status ${exitCode}`);
    }
    return Number(readFileSync(run.pidFile, "utf8"));
  }

  start(id: string, pid: number): void {
    this.release(join(this.#root, id, FIFO), pid);
  }

  becomeRun(run: OciRun, env: Environment): never {
    for (const fd of preserved(run)) keepOverExec(fd);
    const words: [string, ...string[]] = [
      findProgram(this.#name),
      ...runArguments(this.#globals(run.bundle), run, "run"),
    ];
    return this.#become(this.runWords(words), env);
  }

  becomeExec(id: string, process: number, env: Environment): never {
    keepOverExec(process);
    return this.#become([findProgram(this.#name), ...execArguments(this.#root, id, process)], env);
  }

  /** The command for this process to become in the foreground, given that of the program itself. */
  protected abstract runWords(own: readonly [string, ...string[]]): readonly [string, ...string[]];

  #become(words: readonly [string, ...string[]], env: Environment): never {
    this.prepareStreams();
    execve(words[0], words, programEnvironment(env));
  }

  delete(id: string, bundle: string): void {
    if (!existsSync(join(this.#root, id))) return;
    const words = deleteArguments(this.#globals(bundle), id);
    const { exitCode, stderr } = runProgram(this.#name, words, { env: programEnvironment({}) });
    if (exitCode !== 0) throw new RuntimeError("oci-runtime", `delete container ${id}: ${stderr}`);
  }

  forget(id: string): void {
    rmSync(join(this.#root, id), { recursive: true, force: true });
  }

  #globals(bundle: string): string[] {
    return ["--root", this.#root, "--log", this.#log(bundle), "--log-format", "json"];
  }

  #log(bundle: string): string {
    return join(bundle, `${this.#name}.log`);
  }
}

/** The words to make a container: with `run` the program stays its parent until it ends, with `create` it does not. */
export function runArguments(globals: readonly string[], run: OciRun, command: "run" | "create"): string[] {
  return [
    ...globals,
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

/** The words to run one more process. There is no log, so that messages go to the caller's terminal. */
export function execArguments(root: string, id: string, process: number): string[] {
  return ["--root", root, "exec", "--process", `/proc/self/fd/${process}`, id];
}

export function deleteArguments(globals: readonly string[], id: string): string[] {
  return [...globals, "delete", "--force", id];
}

/** The program's environment. It lacks above all NOTIFY_SOCKET and LISTEN_*, which it would act on itself. */
export function programEnvironment(env: Environment): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...Object.fromEntries(kept) };
}

function preserved({ preserveFds }: OciRun): number[] {
  return Array.from({ length: preserveFds }, (_, index) => FIRST_PRESERVED + index);
}

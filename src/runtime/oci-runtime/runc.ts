import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type ContainerPaths, runcRoot } from "../../state/paths.ts";
import { isMissing, removeIfThere } from "../../system/files.ts";
import { identify } from "../../system/process-identity.ts";
import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";

/** What runc may see of the launcher's environment: where a user's bus and runtime directory are, and nothing else. */
const PASSED_ON = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] as const;

export type Environment = Readonly<Record<string, string | undefined>>;

/** runc's environment. Above all it lacks NOTIFY_SOCKET and LISTEN_*, which runc would act upon itself. */
export function runcEnvironment(env: Environment): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...Object.fromEntries(kept) };
}

/** Where runc finds what it is to run, and leaves what it has to say. */
export type RuncPaths = Pick<ContainerPaths, "bundle" | "pidFile" | "runcLog">;

export interface RuncRun {
  readonly scope: Scope;
  readonly paths: RuncPaths;
  readonly id: string;
  /** How many of the file descriptors from 3 on go to the payload. */
  readonly preserveFds: number;
  /** Make a transient scope by systemd for the container's cgroup, where no unit has one to give. */
  readonly systemdCgroup: boolean;
}

/** argv of `runc run` or `runc create`. */
export function runcRunArguments(run: RuncRun, command: "run" | "create"): [string, ...string[]] {
  return [
    findProgram("runc"),
    ...globalArguments(run.scope, run.paths),
    ...(run.systemdCgroup ? ["--systemd-cgroup"] : []),
    command,
    ...(run.preserveFds > 0 ? ["--preserve-fds", `${run.preserveFds}`] : []),
    "--pid-file",
    run.paths.pidFile,
    "--bundle",
    run.paths.bundle,
    run.id,
  ];
}

function globalArguments(scope: Scope, paths: RuncPaths): string[] {
  return ["--root", runcRoot(scope), "--log", paths.runcLog, "--log-format", "json"];
}

/**
 * Makes a container and leaves it: returns the PID of its first process, which waits for startContainer() before it
 * becomes the payload. Standard input, output and error, and the descriptors to preserve, are this process's own.
 * Rejects with "command-not-found", "command-not-executable" or "runc".
 */
export async function createContainer(run: RuncRun, env: Environment): Promise<number> {
  const preserved = Array.from({ length: run.preserveFds }, (_, index) => 3 + index);
  const child = Bun.spawn(runcRunArguments(run, "create"), {
    stdio: ["inherit", "inherit", "inherit", ...preserved],
    env: runcEnvironment(env),
  });
  const exitCode = await child.exited;
  if (exitCode !== 0) throw startError(run.paths, exitCode);
  return Number(readFileSync(run.paths.pidFile, "utf8"));
}

/** How often to look whether the payload goes on: milliseconds. */
const START_POLL_MS = 0.2;

/**
 * Lets a container's first process become the payload. It waits to open a fifo, and goes on when that has a reader:
 * this is all that `runc start` does, without the time that another program takes. Nothing happens if the process is
 * gone.
 */
export function startContainer(run: RuncRun, pid: number): void {
  const path = join(runcRoot(run.scope), run.id, "exec.fifo");
  // Without waiting for the writer: it could have been killed.
  const fifo = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    while (!hasRead(fifo) && identify(pid) !== undefined) Bun.sleepSync(START_POLL_MS);
  } finally {
    closeSync(fifo);
  }
  // To runc a container whose fifo is there has not been started.
  removeIfThere(path);
}

/** Whether there was something to read: not before the writer came, nor (EAGAIN) before it has written. */
function hasRead(fifo: number): boolean {
  try {
    return readSync(fifo, Buffer.alloc(1)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

/** Removes what runc knows of a container, killing what is left of it. No error if runc knows nothing. */
export function deleteContainer(scope: Scope, paths: ContainerPaths, id: string): void {
  const child = Bun.spawnSync([findProgram("runc"), ...globalArguments(scope, paths), "delete", "--force", id], {
    stdio: ["ignore", "ignore", "pipe"],
    env: runcEnvironment({}),
  });
  if (child.exitCode !== 0) throw new RuntimeError("runc", `delete container ${id}: ${child.stderr.toString().trim()}`);
}

/** Turns runc's log into the error it means. */
function startError(paths: RuncPaths, exitCode: number): RuntimeError {
  const message = lastError(paths) ?? `runc ended with status ${exitCode}`;
  // The payload's own failures are worth an exit code of their own: 127 and 126, as a shell has them.
  const executable = /exec: "([^"]*)": (.*)$|exec (\S+): (.*)$|error finding executable "([^"]*)"/.exec(message);
  const missing = /executable file not found|no such file or directory/;
  if (executable !== null && missing.test(message)) return new RuntimeError("command-not-found", message);
  if (executable !== null && /permission denied|exec format error|is a directory/.test(message)) {
    return new RuntimeError("command-not-executable", message);
  }
  return new RuntimeError("runc", message);
}

function lastError(paths: RuncPaths): string | undefined {
  let text: string;
  try {
    text = readFileSync(paths.runcLog, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const messages = text.split("\n").flatMap((line) => {
    try {
      const entry = JSON.parse(line) as { level?: string; msg?: string };
      return entry.level === "error" && entry.msg !== undefined ? [entry.msg] : [];
    } catch {
      return [];
    }
  });
  return messages.at(-1)?.replace(/^runc (?:run|create) failed: /, "");
}

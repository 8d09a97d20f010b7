import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { pipesOutput } from "../../oci-runtimes.ts";
import type { Scope } from "../../scope.ts";
import { isErrno } from "../../system/error.ts";
import { removeIfThere } from "../../system/files.ts";
import { findProgram } from "../../system/programs.ts";
import { keepNullDevice } from "../../system/streams/null-device.ts";
import type { RuntimeError } from "../error.ts";
import { explainMessage } from "./crun-messages.ts";
import type { OciRuntimeTraits } from "./oci-runtime.ts";
import { OciProgram } from "./program.ts";

/** crun(1) 1.21 and later. */
export class Crun extends OciProgram {
  readonly traits: OciRuntimeTraits = {
    needsMapsOfJoinedNamespace: true,
    pipesOutput: pipesOutput("crun"),
    // It would make a cgroup "container" below the scope, in which records do not look for the payload.
    scopeAnnotations: { "run.oci.systemd.subgroup": "" },
  };

  readonly #ofSystem: boolean;

  constructor(scope: Pick<Scope, "kind" | "runtimeDir">) {
    super("crun", scope);
    this.#ofSystem = scope.kind === "system";
  }

  protected override explain(message: string): RuntimeError {
    return explainMessage(message);
  }

  /**
   * `crun run` ends with the last child of its process, and not with the payload: a child that this process has already
   * (a session's "(sd-pam)", what a shell has in the background) would keep it. timeout(1), told of no time, runs it in
   * a process of its own, waits for it, hands signals on, and ends with its exit code.
   */
  protected override runWords(own: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return hasChildren() ? [findProgram("timeout"), "--foreground", "0", ...own] : own;
  }

  /** Only root of the machine can change the owner of its devices. */
  protected override prepareStreams(): void {
    if (this.#ofSystem) keepNullDevice();
  }

  /**
   * The first process has the fifo open, and goes on once it has read a byte. `crun start` does no more than write one,
   * but takes the time of executing another program.
   */
  protected override release(path: string): void {
    let fifo: number;
    try {
      // Opened without waiting for the reader, which may have been killed.
      fifo = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (!isErrno(error, "ENXIO")) throw error;
      removeIfThere(path);
      return;
    }
    try {
      writeSync(fifo, Buffer.alloc(1));
    } finally {
      closeSync(fifo);
    }
    // crun takes a container with a fifo for one that has not been started.
    removeIfThere(path);
  }
}

/** Whether this process has children: proc(5), of all its threads. */
function hasChildren(): boolean {
  const tasks = "/proc/self/task";
  return readdirSync(tasks).some((task) => readFileSync(`${tasks}/${task}/children`, "utf8") !== "");
}

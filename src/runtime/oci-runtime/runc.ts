import { closeSync, constants, openSync, readSync } from "node:fs";
import { pipesOutput } from "../../oci-runtimes.ts";
import type { Scope } from "../../scope.ts";
import { isErrno } from "../../system/error.ts";
import { removeIfThere } from "../../system/files.ts";
import { identify } from "../../system/process-identity.ts";
import type { RuntimeError } from "../error.ts";
import type { OciRuntimeTraits } from "./oci-runtime.ts";
import { OciProgram } from "./program.ts";
import { explainMessage } from "./runc-messages.ts";

/** How often to check whether the payload goes on: milliseconds. */
const START_POLL_MS = 0.2;

/** runc(8) 1.1 and later. */
export class Runc extends OciProgram {
  readonly traits: OciRuntimeTraits = {
    // It makes root inside the owner of files, and looks root up in the maps of config.json alone.
    needsMapsOfJoinedNamespace: true,
    pipesOutput: pipesOutput("runc"),
    scopeAnnotations: {},
  };

  constructor(scope: Pick<Scope, "runtimeDir">) {
    super("runc", scope);
  }

  protected override explain(message: string): RuntimeError {
    return explainMessage(message);
  }

  protected override runWords(own: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return own;
  }

  protected override prepareStreams(): void {
    // It gives the payload's user what is a file or pipe, and leaves /dev/null alone.
  }

  /**
   * The first process waits to open the fifo, and goes on once that has a reader. `runc start` does no more than read
   * it, but takes the time of executing another program.
   */
  protected override release(path: string, pid: number): void {
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

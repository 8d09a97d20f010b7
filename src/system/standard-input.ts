/** The standard input that this process hands on to the programs that it becomes or starts. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { keepOverExec } from "./exec.ts";
import { check, libc, ptr } from "./libc.ts";

const STDIN = 0;
const NOTHING = "/dev/null";

/** Puts /dev/null in the place of standard input. Throws "syscall". */
export function emptyInput(): void {
  become(openSync(NOTHING, constants.O_RDONLY));
}

/**
 * Puts an input that never ends in the place of an empty one (/dev/null); any other is kept. It is a pipe opened for
 * reading and writing at once, so that whoever reads from it waits for itself (fifo(7)). Throws "syscall".
 */
export function endlessInput(): void {
  if (fstatSync(STDIN).rdev !== statSync(NOTHING).rdev) return;
  const ends = new Int32Array(2);
  check(libc("pipe2")(ptr(ends), 0), "pipe");
  const [readEnd = -1, writeEnd = -1] = ends;
  try {
    become(openSync(`/proc/self/fd/${readEnd}`, constants.O_RDWR));
  } finally {
    closeSync(readEnd);
    closeSync(writeEnd);
  }
}

function become(fd: number): void {
  if (fd === STDIN) {
    keepOverExec(fd);
    return;
  }
  check(libc("dup2")(fd, STDIN), "dup2");
  closeSync(fd);
}

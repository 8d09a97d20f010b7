/** Loaded where a program gets this process's standard streams that gives whatever they are to another user. */
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { cloneMount, makeReadOnly } from "../detached-mount.ts";
import { keepOverExec } from "../exec.ts";
import { check, libc } from "../libc.ts";

const NOTHING = "/dev/null";
const STREAMS = [0, 1, 2];
const F_GETFL = 3;

/**
 * Opens standard streams that are /dev/null once more through a read-only mount of it. They are read and written as
 * before, as devices are, but neither the device's owner nor its mode can be changed through them: crun before 1.24
 * gives the streams of `crun exec` to the container's user, and with them the machine's /dev/null. Throws "syscall".
 */
export function keepNullDevice(): void {
  const { rdev } = statSync(NOTHING);
  const streams = STREAMS.filter((fd) => isDevice(fd, rdev));
  if (streams.length === 0) return;
  const mount = check(cloneMount(NOTHING), `clone the mount of ${NOTHING}`);
  try {
    check(makeReadOnly(mount), `make a mount of ${NOTHING} read-only`);
    for (const fd of streams) reopen(fd, mount);
  } finally {
    closeSync(mount);
  }
}

function isDevice(fd: number, rdev: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isCharacterDevice() && stats.rdev === rdev;
  } catch {
    // Closed.
    return false;
  }
}

function reopen(fd: number, mount: number): void {
  const mode = check(libc("fcntl")(fd, F_GETFL, 0), `fcntl fd ${fd}`) & (constants.O_WRONLY | constants.O_RDWR);
  const fresh = openSync(`/proc/self/fd/${mount}`, mode);
  check(libc("dup2")(fresh, fd), "dup2");
  closeSync(fresh);
  keepOverExec(fd);
}

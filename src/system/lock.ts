/** Advisory locks, flock(2). The kernel frees one when the last copy of its file descriptor is closed. */
import { lastErrno, lastFailure, libc } from "./libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Locks an open file, exclusively or shared with others, and waits until it can be had. Throws "syscall". */
export function lockFile(fd: number, how: "exclusive" | "shared"): void {
  flock(fd, how === "shared" ? LOCK_SH : LOCK_EX);
}

/** The same without waiting: false if another open file holds the lock in the way. */
export function tryLockFile(fd: number, how: "exclusive" | "shared"): boolean {
  return flock(fd, (how === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB);
}

function flock(fd: number, operation: number): boolean {
  for (;;) {
    if (libc("flock")(fd, operation) === 0) return true;
    const errno = lastErrno();
    if (errno === "EAGAIN" || errno === "EWOULDBLOCK") return false;
    // A signal interrupted the wait.
    if (errno !== "EINTR") throw lastFailure("flock", errno);
  }
}

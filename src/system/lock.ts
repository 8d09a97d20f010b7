/** Advisory locks, flock(2). The kernel frees one when the last copy of its file descriptor is closed. */
import { lastErrno, lastFailure, libc } from "./libc.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Locks an open file, alone or beside others who share the lock; waits for those in the way. Throws "syscall". */
export function lockFile(fd: number, how: "exclusive" | "shared"): void {
  flock(fd, how === "shared" ? LOCK_SH : LOCK_EX);
}

/** The same without waiting: false if another open file has the lock. */
export function tryLockFile(fd: number, how: "exclusive" | "shared"): boolean {
  return flock(fd, (how === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB);
}

function flock(fd: number, operation: number): boolean {
  for (;;) {
    if (libc("flock")(fd, operation) === 0) return true;
    const errno = lastErrno();
    if (errno === "EAGAIN" || errno === "EWOULDBLOCK") return false;
    // A signal came while it waited.
    if (errno !== "EINTR") throw lastFailure("flock", errno);
  }
}

import type { Environment } from "../../environment.ts";
import { keepOverExec } from "../../system/exec.ts";

/** The descriptor of the first socket that systemd passes (SD_LISTEN_FDS_START). */
const FIRST = 3;

/**
 * The number of sockets that systemd passed to this process (sd_listen_fds(3)), from descriptor 3 on; 0 if they are
 * meant for another process.
 */
export function inheritedSockets(env: Environment): number {
  const count = Number(env.LISTEN_FDS ?? 0);
  return Number(env.LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0 ? count : 0;
}

/** Keeps the sockets open over execve(2): Bun marks inherited descriptors close-on-exec when it starts. */
export function keepInheritedSockets(count: number): void {
  for (let fd = FIRST; fd < FIRST + count; fd++) keepOverExec(fd);
}

/**
 * The variables that describe the payload's sockets. Under an init process LISTEN_PID names that one: catatonit sets it
 * to its child's PID, which is unknown before.
 */
export function socketEnvironment(count: number, env: Environment): Record<string, string> {
  if (count === 0) return {};
  const own: Record<string, string> = { LISTEN_FDS: `${count}`, LISTEN_PID: "1" };
  // With Accept=yes systemd also gives the peer's address.
  for (const variable of ["LISTEN_FDNAMES", "REMOTE_ADDR", "REMOTE_PORT"]) {
    const value = env[variable];
    if (value !== undefined) own[variable] = value;
  }
  return own;
}

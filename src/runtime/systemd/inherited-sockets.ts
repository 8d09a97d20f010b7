import type { Environment } from "../../environment.ts";
import { keepOverExec } from "../../system/exec.ts";

/** The descriptor of the first socket that systemd hands over (SD_LISTEN_FDS_START). */
const FIRST = 3;

/**
 * How many sockets systemd handed over (sd_listen_fds(3)): those from descriptor 3 on, if they are meant for this
 * process.
 */
export function inheritedSockets(env: Environment): number {
  const count = Number(env.LISTEN_FDS ?? 0);
  return Number(env.LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0 ? count : 0;
}

/** Leaves them open over execve(2): Bun marks what it finds open when it starts. */
export function keepInheritedSockets(count: number): void {
  for (let fd = FIRST; fd < FIRST + count; fd++) keepOverExec(fd);
}

/**
 * What tells the payload of its sockets. Under an init process LISTEN_PID names that one: catatonit puts its child's
 * pid there, which nobody knows before.
 */
export function socketEnvironment(count: number, env: Environment): Record<string, string> {
  if (count === 0) return {};
  const own: Record<string, string> = { LISTEN_FDS: `${count}`, LISTEN_PID: "1" };
  // With Accept=yes systemd also says who connected.
  for (const variable of ["LISTEN_FDNAMES", "REMOTE_ADDR", "REMOTE_PORT"]) {
    const value = env[variable];
    if (value !== undefined) own[variable] = value;
  }
  return own;
}

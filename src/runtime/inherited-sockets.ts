import { keepOverExec } from "./native.ts";
import type { Environment } from "./runc.ts";

/** The descriptor of the first socket that systemd hands over (SD_LISTEN_FDS_START). */
const FIRST = 3;

/** How many sockets systemd handed over (sd_listen_fds(3)): those from descriptor 3 on, if they are meant for this process. */
export function inheritedSockets(env: Environment): number {
  const count = Number(env.LISTEN_FDS ?? 0);
  return Number(env.LISTEN_PID) === process.pid && Number.isInteger(count) && count > 0 ? count : 0;
}

/** Leaves them open over execve(2): Bun marks what it finds open when it starts. */
export function keepInheritedSockets(count: number): void {
  for (let fd = FIRST; fd < FIRST + count; fd++) keepOverExec(fd);
}

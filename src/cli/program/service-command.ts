import type { Environment } from "../../environment.ts";

/**
 * Whether systemd has executed this very process, as a service's own command and not a person's (systemd.exec(5),
 * $SYSTEMD_EXEC_PID, as of systemd 248). Children of a service inherit the variable, but have another PID.
 */
export function isServiceCommand(env: Environment, pid: number = process.pid): boolean {
  return env.SYSTEMD_EXEC_PID === String(pid);
}

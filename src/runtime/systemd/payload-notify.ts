import type { Environment } from "../../environment.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { bindMount } from "../mount/bind-mount.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** The path of systemd's notify socket in the container of a payload that notifies systemd itself (Notify=true). */
const NOTIFY_PATH = "/run/notify/notify.sock";

/** The variables for such a payload: the socket's path, and the watchdog's interval. */
export function notifyEnvironment(request: RunRequest, env: Environment): Record<string, string> {
  if (notifyMount(request, env).length === 0) return {};
  const watchdog = env.WATCHDOG_USEC;
  if (watchdog === undefined) return { NOTIFY_SOCKET: NOTIFY_PATH };
  // Below an init process the payload's PID is unknown. Without WATCHDOG_PID the watchdog is meant for any process.
  const pid = request.init ? {} : { WATCHDOG_PID: "1" };
  return { NOTIFY_SOCKET: NOTIFY_PATH, WATCHDOG_USEC: watchdog, ...pid };
}

/** The mount of the notify socket for such a payload; none for others. */
export function notifyMount(request: RunRequest, env: Environment): SpecMount[] {
  const socket = env.NOTIFY_SOCKET;
  return request.sdnotify === "container" && socket?.startsWith("/") ? [bindMount(socket, NOTIFY_PATH, [])] : [];
}

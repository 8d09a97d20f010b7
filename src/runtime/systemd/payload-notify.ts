import type { Environment } from "../../environment.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { bindMount } from "../mount/bind-mount.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** Where the payload finds systemd's notify socket when it speaks for itself (Notify=true). */
const NOTIFY_PATH = "/run/notify/notify.sock";

/** What such a payload is told: where the socket is, and how often the watchdog wants to hear of it. */
export function notifyEnvironment(request: RunRequest, env: Environment): Record<string, string> {
  if (notifyMount(request, env).length === 0) return {};
  const watchdog = env.WATCHDOG_USEC;
  if (watchdog === undefined) return { NOTIFY_SOCKET: NOTIFY_PATH };
  // Below an init process the payload's pid is not known; without WATCHDOG_PID it is meant for whoever reads it.
  const pid = request.init ? {} : { WATCHDOG_PID: "1" };
  return { NOTIFY_SOCKET: NOTIFY_PATH, WATCHDOG_USEC: watchdog, ...pid };
}

/** The socket itself, if the payload is to have it. */
export function notifyMount(request: RunRequest, env: Environment): SpecMount[] {
  const socket = env.NOTIFY_SOCKET;
  return request.sdnotify === "container" && socket?.startsWith("/") ? [bindMount(socket, NOTIFY_PATH, [])] : [];
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { bindMount } from "../mount/bind-mount.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** The path of the notify socket in the container of a payload that notifies systemd itself (Notify=true). */
const NOTIFY_PATH = "/run/notify/notify.sock";

/** The variables for such a payload: the socket's path, and the watchdog's interval. */
export function notifyEnvironment(request: RunRequest, env: Environment): Record<string, string> {
  if (systemdSocket(request, env) === undefined) return {};
  const watchdog = env.WATCHDOG_USEC;
  if (watchdog === undefined) return { NOTIFY_SOCKET: NOTIFY_PATH };
  // Below an init process the payload's PID is unknown. Without WATCHDOG_PID the watchdog is meant for any process.
  const pid = request.init ? {} : { WATCHDOG_PID: "1" };
  return { NOTIFY_SOCKET: NOTIFY_PATH, WATCHDOG_USEC: watchdog, ...pid };
}

/**
 * The mount of the notify socket for such a payload; none for others. Throws "bad-request" if the service's
 * berth-notify@.socket is not there.
 */
export function notifyMount(scope: Scope, request: RunRequest, env: Environment): SpecMount[] {
  const socket = systemdSocket(request, env);
  return socket === undefined ? [] : [bindMount(payloadSocket(scope, request.unit) ?? socket, NOTIFY_PATH, [])];
}

function systemdSocket({ sdnotify }: RunRequest, { NOTIFY_SOCKET: socket }: Environment): string | undefined {
  return sdnotify === "container" && socket?.startsWith("/") ? socket : undefined;
}

/**
 * `ListenDatagram=` of units/berth-notify@.socket; undefined where the payload may have systemd's own socket: a user's
 * manager trusts none of its users' processes more than others.
 */
function payloadSocket(scope: Scope, unit: string | undefined): string | undefined {
  if (scope.kind === "user") return undefined;
  if (unit === undefined) {
    const instead = "a .container file with Notify=true makes such a service";
    throw new RuntimeError(
      "bad-request",
      `only the payload of a service of berth's own can notify systemd: ${instead}`,
    );
  }
  const name = unit.replace(/\.service$/, "");
  const socket = join(scope.runtimeDir, "notify", name);
  if (existsSync(socket)) return socket;
  const line = "Wants=berth-notify@%N.socket";
  throw new RuntimeError(
    "bad-request",
    `berth-notify@${name}.socket does not listen: a service that lets its payload notify systemd needs ${line} in [Unit]`,
  );
}

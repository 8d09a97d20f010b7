import type { Scope } from "../../scope.ts";
import { readPod } from "../../state/pod-record.ts";
import { errnoName } from "../../system/error.ts";
import { isAlive } from "../../system/process-identity.ts";

/**
 * Ends pasta, the main process of a user's pod, once the first process of the pod's shared PID namespace has been
 * killed, so that the pod's unit fails. The kernel has then killed all containers; the cleanup of the first one calls
 * this. (A service has one main process, and systemd would not miss the other.)
 */
export function endWithInit(scope: Scope, name: string): void {
  const pod = readPod(scope, name);
  if (pod?.init === undefined || pod.pasta === undefined || isAlive(pod.init) || !isAlive(pod.pasta)) return;
  try {
    process.kill(pod.pasta.pid, "SIGKILL");
  } catch (error) {
    if (errnoName(error) !== "ESRCH") throw error;
  }
}

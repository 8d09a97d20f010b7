import type { Scope } from "../../scope.ts";
import { readPod } from "../../state/pod-record.ts";
import { errnoName } from "../../system/error.ts";
import { isAlive } from "../../system/process-identity.ts";

/**
 * A service has one main process, and that of a user's pod is pasta even where a shared PID namespace has its first
 * process in it, too. When that one is killed, the kernel ends all containers, and the first that is cleaned up after
 * ends pasta, so that the pod fails.
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

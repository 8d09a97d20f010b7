import type { Environment } from "../../environment.ts";
import { PLAIN_ENVIRONMENT } from "../../system/process.ts";

/**
 * Waits in a shell until the container has a first process, whose end the OCI runtime's hook will clean up after, or
 * until its parent, the runtime, has ended without one; then cleans up what is still there. $PPID would be another
 * process's, if the runtime ended before the shell began. A service that ends meanwhile sends
 * SIGTERM to all that is left of it.
 */
const SCRIPT = `trap '' HUP INT TERM
bundle=$1 runtime=$2; shift 2
while [ -d "$bundle" ] && ! [ -s "$bundle/pid" ]; do
  read -r _ _ _ parent _ < /proc/$$/stat
  [ "$parent" = "$runtime" ] || exec "$@"
  sleep 0.1
done`;

/**
 * Sees to a run in the foreground that the OCI runtime refuses, or that is killed, before the runtime calls a hook:
 * this process becomes the runtime, and nobody else would know. `command` cleans up.
 */
export function cleanUpIfRefused(bundle: string, command: readonly string[], env: Environment): void {
  Bun.spawn(["/bin/sh", "-c", SCRIPT, "sh", bundle, `${process.pid}`, ...command], {
    stdio: ["ignore", "ignore", "ignore"],
    env: { ...PLAIN_ENVIRONMENT, ...env },
  }).unref();
}

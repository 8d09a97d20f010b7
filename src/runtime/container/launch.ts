import type { Environment } from "../../environment.ts";
import type { StoredImage } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { runSteps } from "../steps.ts";
import { createNotifier, type Notifier } from "../systemd/notify.ts";
import { openStart, type StartContext } from "./start.ts";
import { START_STEPS } from "./start-steps.ts";

export interface LaunchContext extends StartContext {
  /** Finds the image, pulling it as the request's policy says. Progress of a pull goes to the notifier. */
  readonly image: (request: RunRequest, notifier: Notifier) => Promise<StoredImage>;
}

/**
 * Starts a container in place of this process. Detached, it returns once the payload runs and systemd is notified. In
 * the foreground this process becomes the OCI runtime, so no berth process remains and the exit code is the payload's.
 * Throws RuntimeError or ImageError; the steps already made are then undone here, or by the unit's ExecStopPost=.
 */
export async function launch(request: RunRequest, context: LaunchContext): Promise<void> {
  const { env } = context;
  const id = (request.unit === undefined ? undefined : invocationId(env)) ?? randomId();
  const notifier = createNotifier(
    request.unit === undefined || request.sdnotify === "ignore" ? undefined : env.NOTIFY_SOCKET,
  );
  const image = await context.image(request, notifier);
  await runSteps(START_STEPS, await openStart(request, image, { id, context, notifier }));
}

/** systemd's ID of this run of the unit. It becomes part of paths, so any other form is ignored. */
function invocationId(env: Environment): string | undefined {
  return env.INVOCATION_ID !== undefined && /^[0-9a-f]{32}$/.test(env.INVOCATION_ID) ? env.INVOCATION_ID : undefined;
}

/** 32 hexadecimal digits, as systemd's invocation IDs are. node:crypto would take milliseconds to load. */
function randomId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

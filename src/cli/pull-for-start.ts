import type { ImageEvent } from "../image/progress.ts";
import { pullImage } from "../image/pull.ts";
import { readRegistrySettings } from "../image/registry/settings.ts";
import { openStore, type StoredImage } from "../image/store.ts";
import type { RunRequest } from "../runtime/run-request.ts";
import type { CommandContext } from "./command.ts";
import { formatBytes, showProgress } from "./image-progress.ts";

/** A line of status this often at most while bytes arrive: milliseconds. systemd is told of each. */
const STATUS_INTERVAL_MS = 500;

/**
 * Pulls the image of a container that is about to start. `onProgress` is told as long as bytes arrive, which extends a
 * unit's start time-out; the pull itself gives up when the registry falls silent.
 */
export async function pullForStart(
  request: Pick<RunRequest, "image" | "pull">,
  context: CommandContext,
  onProgress: (line: string) => void,
): Promise<StoredImage> {
  const { scope, env } = context;
  const shown = showProgress(context);
  const status = statusLines(request.image, onProgress);
  try {
    return await pullImage(request.image, {
      store: openStore(scope.stateDir),
      policy: request.pull,
      registries: readRegistrySettings({
        configDirs: scope.configDirs,
        env,
        uid: scope.uid,
        authFile: undefined,
        tlsVerify: undefined,
      }),
      onProgress: (event) => {
        shown.onProgress(event);
        status(event);
      },
    });
  } finally {
    shown.done();
  }
}

/** Sums up a pull's events as one line, not too often. */
function statusLines(image: string, tell: (line: string) => void): (event: ImageEvent) => void {
  const layers = new Map<string, { received: number; size: number }>();
  let last = Number.NEGATIVE_INFINITY;
  tell(`Pulling ${image}`);
  const sum = (part: "received" | "size") => [...layers.values()].reduce((total, layer) => total + layer[part], 0);
  return (event) => {
    if (event.kind === "layer-bytes") layers.set(event.digest, event);
    // A layer that is being brought to the disk is told of every few seconds: slow, but at work.
    else if (event.kind !== "layer-writing") return;
    const now = performance.now();
    if (now - last < STATUS_INTERVAL_MS) return;
    last = now;
    tell(`Pulling ${image}: ${formatBytes(sum("received"))} of ${formatBytes(sum("size"))}`);
  };
}

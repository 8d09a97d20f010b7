import { openStore, type StoredImage } from "../../image/store/store.ts";
import { ensureImage } from "../../image/transport/ensure-image.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { CommandContext } from "../program/command.ts";
import type { StatusReceiver } from "./pull-status.ts";
import { wantedPlatform } from "./wanted-platform.ts";

/**
 * The image of a container that is about to start, by its pull policy. Progress of a pull goes to `status`, which
 * extends the unit's start time-out as long as bytes arrive; the pull itself gives up when the registry falls silent.
 */
export async function imageForStart(
  { image, pull, pullWords, unit }: Pick<RunRequest, "image" | "pull" | "pullWords" | "unit">,
  context: CommandContext,
  status: StatusReceiver,
): Promise<StoredImage> {
  let done = (): void => {};
  let explain = (error: unknown): unknown => error;
  const pulling = async () => {
    const { toPullOptions } = await import("./pull-options.ts");
    const { showProgress } = await import("../output/image-progress.ts");
    const { pullStatus } = await import("./pull-status.ts");
    const shown = showProgress(context, pullWords.quiet === true);
    done = shown.done;
    const pull = { ...toPullOptions(pullWords, context), onProgress: pullStatus(image, status, shown.onProgress) };
    // systemd's signal ends a service's launcher at once; somebody who waits for a pull may think better of it.
    if (unit !== undefined) return pull;
    const { watchSignals } = await import("../program/signals.ts");
    const watched = watchSignals();
    explain = watched.explain;
    done = () => {
      watched.forget();
      shown.done();
    };
    return { ...pull, signal: watched.signal };
  };
  try {
    return await ensureImage(image, {
      store: openStore(context.scope.stateDir),
      policy: pull,
      platform: wantedPlatform(pullWords),
      cwd: context.cwd,
      pulling,
      never: "it is not to be pulled (--pull never)",
    });
  } catch (error) {
    throw explain(error);
  } finally {
    done();
  }
}

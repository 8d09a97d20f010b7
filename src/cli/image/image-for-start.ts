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
  { image, pull, pullWords }: Pick<RunRequest, "image" | "pull" | "pullWords">,
  context: CommandContext,
  status: StatusReceiver,
): Promise<StoredImage> {
  let done = (): void => {};
  const pulling = async () => {
    const { toPullOptions } = await import("./pull-options.ts");
    const { showProgress } = await import("../output/image-progress.ts");
    const { pullStatus } = await import("./pull-status.ts");
    const shown = showProgress(context, pullWords.quiet === true);
    done = shown.done;
    return { ...toPullOptions(pullWords, context), onProgress: pullStatus(image, status, shown.onProgress) };
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
  } finally {
    done();
  }
}

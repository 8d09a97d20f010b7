import type { StoredImage } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { showProgress } from "../output/image-progress.ts";
import { type CommandContext, CommandError } from "../program/command.ts";
import { obtainImages } from "./obtain-images.ts";
import { pullStatus, type StatusTold } from "./pull-status.ts";

/**
 * Pulls the image of a container that is about to start. Its progress is `told`, which extends a unit's
 * start time-out as long as bytes arrive; the pull itself gives up when the registry falls silent.
 */
export async function pullForStart(
  { image, pull, pullWords }: Pick<RunRequest, "image" | "pull" | "pullWords">,
  context: CommandContext,
  told: StatusTold,
): Promise<StoredImage> {
  const shown = showProgress(context, pullWords.quiet === true);
  const status = pullStatus(image, told);
  try {
    const [stored] = await obtainImages({ name: image, policy: pull, words: pullWords }, context, (event) => {
      shown.onProgress(event);
      status(event);
    });
    if (stored === undefined) throw new CommandError(`there is no image in ${image}`, 125);
    return stored;
  } finally {
    shown.done();
  }
}

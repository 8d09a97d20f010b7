import type { StoredImage } from "../../image/store/store.ts";
import { openStore } from "../../image/store/store.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { StatusTold } from "../image/pull-status.ts";
import { type CommandContext, CommandError } from "../program/command.ts";

/** What a name from an archive or a folder begins with (src/image/pull-source.ts): there is nothing to look up. */
const ARCHIVE = /^(?:docker-archive|oci-archive|oci|dir):/;

/** The image of a request, by its pull policy. The registry client is loaded only if something has to be pulled. */
export async function findImage(
  request: Pick<RunRequest, "image" | "pull" | "pullWords">,
  context: CommandContext,
  told: StatusTold,
): Promise<StoredImage> {
  if (!ARCHIVE.test(request.image)) {
    const store = openStore(context.scope.stateDir);
    const stored = request.pull === "always" ? undefined : store.resolve(request.image);
    const fits = stored !== undefined && (await isWanted(stored, request.pullWords));
    if (fits && request.pull !== "newer") return stored;
    if (request.pull === "never") {
      const where = stored === undefined ? "is not in the store" : "is in the store for another platform only";
      throw new CommandError(`image ${request.image} ${where}, and it is not to be pulled (--pull never)`, 125);
    }
  }
  const { pullForStart } = await import("../image/pull-for-start.ts");
  return pullForStart(request, context, told);
}

/** Whether the image is for the platform that is asked for; mostly none is. */
async function isWanted(stored: StoredImage, words: RunRequest["pullWords"]): Promise<boolean> {
  if ((words.platform ?? words.arch ?? words.os ?? words.variant) === undefined) return true;
  const { wantedPlatform } = await import("../image/pull-request.ts");
  const { isForPlatform } = await import("../../image/document/platform.ts");
  const wanted = wantedPlatform(words);
  return wanted === undefined || isForPlatform(stored, wanted);
}

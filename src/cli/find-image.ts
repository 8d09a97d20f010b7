import type { StoredImage } from "../image/store.ts";
import { openStore } from "../image/store.ts";
import type { RunRequest } from "../runtime/run-request.ts";
import { type CommandContext, CommandError } from "./command.ts";

/** The image of a request, by its pull policy. The registry client is loaded only if something has to be pulled. */
export async function findImage(
  request: Pick<RunRequest, "image" | "pull">,
  context: CommandContext,
  onProgress: (line: string) => void,
): Promise<StoredImage> {
  const store = openStore(context.scope.stateDir);
  const stored = request.pull === "always" ? undefined : store.resolve(request.image);
  if (stored !== undefined && request.pull !== "newer") return stored;
  if (request.pull === "never") {
    throw new CommandError(
      `image ${request.image} is not in the store, and it is not to be pulled (--pull never)`,
      125,
    );
  }
  const { pullForStart } = await import("./pull-for-start.ts");
  return pullForStart(request, context, onProgress);
}
